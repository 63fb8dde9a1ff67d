"""What Weighbridge promises to callers and operators, by number, and the tests elsewhere that show it.

A test carries `@pytest.mark.promise(number)`, or its place stands here: a file, or a test without its parameters. Names
of tests say what they test. `make promises` runs them all and prints one line a promise.
"""

from typing import NamedTuple

LIMITS = "tests/service/limits"
SERVED = "tests/end_to_end"
# The environment variable that names the promises whose tests run, where not all do.
WANTED_PROMISES = "WANTED_PROMISES"


class Promise(NamedTuple):
    """A sentence, and the places of tests that show it."""

    sentence: str
    places: tuple[str, ...] = ()


PROMISES: dict[int, Promise] = {
    1: Promise(
        "never more than 10 calls admitted in any 1 s per account",
        (
            f"{LIMITS}/test_processes.py::test_never_more_and_never_fewer_than_ten_a_second",
            f"{SERVED}/test_limits.py::test_never_more_than_ten_calls_in_any_second",
            f"{LIMITS}/test_script_calendar.py::test_place_is_free_exactly_one_window_later",
        ),
    ),
    2: Promise(
        "the allowance is usable: 10 per second really pass",
        (f"{LIMITS}/test_processes.py::test_never_more_and_never_fewer_than_ten_a_second",),
    ),
    3: Promise(
        "exactly the quota of calls in a calendar month; the quota is reported if both limits refuse",
        (
            f"{LIMITS}/test_processes.py::test_quota_is_exact_when_processes_race",
            f"{LIMITS}/test_limiter.py::test_quota_wins_where_both_refuse",
            f"{LIMITS}/test_script_model.py::test_script_agrees_with_the_oracle",
            f"{SERVED}/test_limits.py::test_a_spent_quota_says_when_it_opens",
        ),
    ),
    4: Promise(
        "the quota opens on the 1st at 00:00:00 UTC, in leap years too",
        (
            f"{LIMITS}/test_script_calendar.py::test_every_month_ends_when_the_calendar_says",
            f"{LIMITS}/test_script_calendar.py::test_quota_opens_on_the_first_at_midnight",
            f"{LIMITS}/test_script_calendar.py::test_29_february_belongs_to_february",
        ),
    ),
    5: Promise(
        "a refused call costs nothing",
        (
            f"{LIMITS}/test_limiter.py::test_refused_calls_cost_nothing",
            f"{LIMITS}/test_script_calendar.py::test_refused_call_changes_nothing",
        ),
    ),
    6: Promise(
        "accounts are independent; two keys of one account share its limits",
        (
            f"{LIMITS}/test_limiter.py::test_accounts_do_not_share",
            f"{SERVED}/test_token_api.py::test_keys_of_one_account_share_its_limits",
        ),
    ),
    7: Promise(
        "a killed client leaves no counter without expiry",
        (f"{LIMITS}/test_processes.py::test_killed_clients_leave_no_key_without_expiry",),
    ),
    8: Promise(
        "acknowledged quota calls survive a crash of the store",
        (f"{LIMITS}/test_outage.py::test_killed_store_loses_no_admitted_call",),
    ),
    9: Promise(
        "a restart of the store and a flush of its scripts are not visible to callers",
        (
            f"{LIMITS}/test_limiter.py::test_script_flush_is_not_noticed",
            f"{LIMITS}/test_outage.py::test_killed_store_loses_no_admitted_call",
        ),
    ),
    10: Promise(
        "an unreachable store never hangs a call and never causes a false refusal",
        (
            f"{LIMITS}/test_outage.py::test_frozen_store_holds_nobody_up_and_refuses_nobody",
            f"{LIMITS}/test_faulty_network.py::test_black_hole_is_left_alone_after_one_call",
            f"{LIMITS}/test_outage.py::test_stopped_store_comes_back_shared",
        ),
    ),
    11: Promise(
        "recovery is automatic; calls admitted meanwhile are added to the quota",
        (
            f"{LIMITS}/test_outage.py::test_stopped_store_comes_back_shared",
            f"{LIMITS}/test_outage.py::test_calls_during_a_freeze_are_booked_once",
        ),
    ),
    12: Promise(
        "clocks of hosts that differ, or that step, do not matter",
        (
            f"{LIMITS}/test_processes.py::test_never_more_and_never_fewer_than_ten_a_second",
            f"{LIMITS}/test_processes.py::test_quota_is_exact_when_processes_race",
            f"{LIMITS}/test_script_model.py::test_script_agrees_with_the_oracle",
            f"{LIMITS}/test_outage.py::test_clock_follows_the_store_not_the_host",
            f"{LIMITS}/test_script_calendar.py::test_small_step_back_does_not_open_the_window_again",
            f"{LIMITS}/test_script_calendar.py::test_large_step_back_does_not_lock_out",
            f"{LIMITS}/test_script_calendar.py::test_step_back_across_the_first_gives_no_second_quota",
        ),
    ),
    13: Promise(
        "a key works in the header or in ?api-key=; the query wins",
        (
            "tests/service/auth/test_policy.py::test_places_of_the_key",
            f"{SERVED}/test_hostile_inputs.py::test_hostile_requests",
        ),
    ),
    14: Promise(
        "secrets never reach a log, a metric or an error",
        (
            f"{SERVED}/test_secrets.py::test_no_secret_is_printed_or_kept",
            "tests/service/http/test_middleware.py::test_a_fault_inside_leaks_nothing",
        ),
    ),
    15: Promise(
        "keys are unreadable at rest and shown once",
        (
            f"{SERVED}/test_secrets.py::test_no_secret_is_printed_or_kept",
            "tests/service/auth/test_accounts.py::test_no_part_of_a_secret_is_stored",
            "tests/service/console/test_console.py::test_a_key_is_made_shown_once_and_revoked",
        ),
    ),
    16: Promise(
        "missing, malformed, unknown and revoked keys are told apart only as documented",
        (
            f"{SERVED}/test_token_api.py::test_calls_without_a_valid_key",
            "tests/service/gateway/test_policy.py::test_keys_that_are_refused",
            "tests/service/gateway/test_policy.py::test_unknown_and_revoked_keys_are_alike",
        ),
    ),
    17: Promise("a revocation takes effect within 5 s in every process"),
    18: Promise(
        "sessions are for key management alone, API keys for /v1 alone",
        (
            "tests/service/auth/test_sessions.py",
            "tests/service/console/test_console.py::test_what_is_no_session",
        ),
    ),
    19: Promise("the balance is never negative and never overspent"),
    20: Promise("charged equals delivered; each request is charged once"),
    21: Promise("a crash between hold and settle loses no money"),
    22: Promise("a client that disconnects is billed for what was used"),
    23: Promise("a failure upstream before the first byte is free"),
    24: Promise("a failure upstream in mid stream is visible"),
    25: Promise("missing usage is estimated; an explicit zero is respected"),
    26: Promise("streams work with the openai client and with naive code"),
    27: Promise("money is exact"),
    28: Promise("a low balance is announced"),
    29: Promise("body limits answer with a JSON error, in bounded memory"),
    30: Promise(
        "malformed JSON is never a 500",
        (
            "tests/service/http/test_json.py",
            f"{SERVED}/test_hostile_inputs.py::test_hostile_bodies",
        ),
    ),
    31: Promise(
        "any valid Unicode text is counted",
        (
            "tests/tokenizer_registry/test_vocabularies.py::test_recorded_counts_hold",
            "tests/tokenizer_registry/test_properties.py",
            f"{SERVED}/test_hostile_inputs.py::test_hostile_texts",
        ),
    ),
    32: Promise(
        "a tokenizer cannot be stalled or crashed",
        (
            "tests/tokenizer_registry/test_hostile.py::test_hostile_texts_are_counted_or_refused",
            f"{SERVED}/test_hostile_inputs.py::test_hostile_texts",
        ),
    ),
    33: Promise("one large request does not delay small ones"),
    34: Promise(
        "memory is bounded",
        (
            "tests/service/http/test_context.py",
            "tests/service/tokens/test_counting_pool.py::test_more_work_than_memory_should_bear_is_refused",
        ),
    ),
    35: Promise("no leak"),
    36: Promise(
        "slow senders do not take the service down",
        (f"{SERVED}/test_edge.py::test_a_head_that_does_not_end_is_not_waited_for",),
    ),
    37: Promise(
        "a deploy does not cut or lose requests",
        (f"{SERVED}/test_start_and_stop.py::test_a_stopped_server_leaves_no_process",),
    ),
    38: Promise(
        "every reply has a trace id; errors have one shape per API",
        (
            f"{SERVED}/test_openapi.py::test_every_answer_is_as_described",
            "tests/service/http/test_trace_ids.py",
            f"{SERVED}/test_edge.py::test_large_heads_are_refused",
        ),
    ),
    39: Promise(
        "unknown models and types are handled as documented",
        (
            "tests/service/tokens/test_requests.py",
            f"{SERVED}/test_hostile_inputs.py::test_hostile_bodies",
        ),
    ),
    40: Promise("system messages of clients are never forwarded"),
    41: Promise("one key cannot take all concurrent streams"),
    42: Promise("a full data disk stops only what has to be stored, and the service recovers by itself"),
    43: Promise("trailers of a chunked body are bounded and dropped, never headers"),
    44: Promise("a head of thousands of short lines is refused while it comes"),
    45: Promise("one sender gets its share of a worker's memory, and others are answered"),
    46: Promise("an account's queued counts hold up no other account, and end with their callers"),
    47: Promise("a connection that says nothing more is closed within its deadline, whatever its state"),
    48: Promise("a log that cannot be written changes no charge and ends no background task"),
    49: Promise("any number of counting threads ends, with equal counts"),
}


def numbers_of(node_id: str) -> list[int]:
    """Return the promises that a test shows by its place."""
    bare = node_id.partition("[")[0]
    return [
        number
        for number, promise in PROMISES.items()
        if any(bare == place or bare.startswith(f"{place}::") for place in promise.places)
    ]
