/* Everything that a program which uses libhbus needs. */
#ifndef HBUS_HBUS_H
#define HBUS_HBUS_H

#include "hbus/calls.h"
#include "hbus/client.h"
#include "hbus/command.h"
#include "hbus/decimal.h"
#include "hbus/event.h"
#include "hbus/limits.h"
#include "hbus/order.h"
#include "hbus/repair.h"
#include "hbus/result.h"
#include "hbus/status.h"
#include "hbus/topics.h"
#include "hbus/types.h"

#endif
