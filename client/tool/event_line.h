/* An event as one line: for people, or as a JSON object with all that it carries. */
#ifndef TOOL_EVENT_LINE_H
#define TOOL_EVENT_LINE_H

#include "hbus/client.h"
#include "proto/buffer.h"

void event_line_print(const hbus_message *message);
/* `scratch` is reused from line to line. */
void event_line_print_json(const hbus_message *message, buffer *scratch);

#endif
