/* A typed call for each command: sends it, waits, and gives the result.
 *
 * Everywhere: timeout_ms bounds the whole call, all pages of a list included, and 0 is the options' request_timeout_ms.
 * What is returned on failure is that of hbus_client_call; a reply that cannot be read is HBUS_MALFORMED. `out` is the
 * caller's (hbus/result.h) and, but for hbus_create_order, untouched unless HBUS_OK is returned. `error` may be NULL.
 */
#ifndef HBUS_CALLS_H
#define HBUS_CALLS_H

#include "hbus/client.h"
#include "hbus/result.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Whether the broker answers, and what its clock says (unix ms). `now_ms` may be NULL. */
hbus_status hbus_ping(hbus_client *client, int timeout_ms, uint64_t *now_ms, hbus_error *error);

/* The broker's own account of its state: one msgpack map. Free it with hbus_document_free. */
hbus_status hbus_broker_status(hbus_client *client, int timeout_ms, hbus_document *out, hbus_error *error);

/* Places an order. Of `order`, made with hbus_command_init(HBUS_CREATE_ORDER, …), side, order_type and amount are
 * needed, price for limits and stop_price for stops; client_order_id and expires_ms are made up when empty, expires_ms
 * as the moment at which the call gives up: an order that the broker meets later than that is not placed. HBUS_OK: *out
 * is the order. HBUS_OUTCOME_UNKNOWN: it may be live; *out is filled as far as known, status HBUS_UNKNOWN,
 * client_order_id always: ask hbus_get_order with it later, or send the same again under the same id; do not place it
 * under another. Anything else: not placed, *out untouched. */
hbus_status hbus_create_order(hbus_client *client, const hbus_command *order, int timeout_ms, hbus_order *out,
                              hbus_error *error);

/* Orders are named by order_id, or by client_order_id for one of the caller's own; the other may be NULL.
 * A cancel without an answer (HBUS_TIMEOUT) may or may not have been done, and may always be repeated. HBUS_OK with
 * out->requested: it could not be sent yet; the broker keeps it, and sends it as soon as it can. */
hbus_status hbus_cancel_order(hbus_client *client, const char *exchange, const char *market, const char *order_id,
                              const char *client_order_id, int timeout_ms, hbus_cancel *out, hbus_error *error);
hbus_status hbus_get_order(hbus_client *client, const char *exchange, const char *market, const char *order_id,
                           const char *client_order_id, int timeout_ms, hbus_order *out, hbus_error *error);

/* Cancels all orders of ours that are not finished: of one market, one exchange, one side, or all (NULL, NULL,
 * HBUS_SIDE_NONE). owner: NULL is us; another, or "*" for every peer, for those who may reach all orders. What becomes
 * of each is told by its events. Without an answer: as hbus_cancel_order. */
hbus_status hbus_cancel_all(hbus_client *client, const char *exchange, const char *market, hbus_side side,
                            const char *owner, int timeout_ms, hbus_cancels *out, hbus_error *error);

/* Settles an unknown order that nobody but a person can settle: it is upstream's order_id, or with order_id NULL it
 * never became an order, and failed. owner: NULL is us. For those who may reach all orders. */
hbus_status hbus_resolve_order(hbus_client *client, const char *client_order_id, const char *order_id,
                               const char *owner, int timeout_ms, hbus_order *out, hbus_error *error);

/* All open orders of a market, as upstream lists them. exchange and market NULL: all orders that are not finished, of
 * every market, as the broker knows them, pending and unknown ones too. Our own alone, unless we may reach all. */
hbus_status hbus_get_open_orders(hbus_client *client, const char *exchange, const char *market, int timeout_ms,
                                 hbus_order_list *out, hbus_error *error);

/* The last `limit` orders of a market (0: 50; at most HBUS_HISTORY_MAX). */
hbus_status hbus_get_order_history(hbus_client *client, const char *exchange, const char *market, unsigned limit,
                                   int timeout_ms, hbus_order_list *out, hbus_error *error);

/* depth: levels a side, 0 is upstream's default, 10. */
hbus_status hbus_get_order_book(hbus_client *client, const char *exchange, const char *market, unsigned depth,
                                int timeout_ms, hbus_owned_book *out, hbus_error *error);
hbus_status hbus_get_ticker(hbus_client *client, const char *exchange, const char *market, int timeout_ms,
                            hbus_ticker *out, hbus_error *error);

hbus_status hbus_get_balances(hbus_client *client, const char *exchange, int timeout_ms, hbus_balance_list *out,
                              hbus_error *error);
hbus_status hbus_get_positions(hbus_client *client, const char *exchange, int timeout_ms, hbus_position_list *out,
                               hbus_error *error);

/* What the broker makes of the fills of our orders: of one market, one exchange, or all (NULL, NULL). owner: NULL is
 * us; another, or "*" for every peer, for those who may reach all orders. */
hbus_status hbus_get_fill_positions(hbus_client *client, const char *exchange, const char *market, const char *owner,
                                    int timeout_ms, hbus_position_list *out, hbus_error *error);

/* Has the broker subscribe to a market's channel for as long as this client is connected; renewed after a reconnect.
 * Watching (hbus_client_watch) alone is enough where the broker follows the topics watched; this says it outright.
 * HBUS_OVERLOADED: HBUS_SUBSCRIPTIONS_MAX reached. */
hbus_status hbus_subscribe_market(hbus_client *client, hbus_channel channel, const char *exchange, const char *market,
                                  int timeout_ms, hbus_error *error);
hbus_status hbus_unsubscribe_market(hbus_client *client, hbus_channel channel, const char *exchange, const char *market,
                                    int timeout_ms, hbus_error *error);

/* Tells the other peers something: the event strategy_update/OURS/NAME/ (hbus_topic_strategy), whose data is `data`,
 * one msgpack value of at most HBUS_SIGNAL_MAX bytes. *seen, unless NULL, is the event's number. HBUS_RATE_LIMITED: too
 * many in a second. HBUS_TIMEOUT: it may have been told, and may be said again. */
hbus_status hbus_publish_signal(hbus_client *client, const char *name, hbus_bytes data, int timeout_ms, hbus_seen *seen,
                                hbus_error *error);

#ifdef __cplusplus
}
#endif
#endif
