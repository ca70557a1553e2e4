"""The program on a real Kafka and HBase, as a user runs it; what it stored is recounted by code that shares nothing with
it. `./dev e2e` runs all; `tests/e2e/run NAME...` some. Every scenario says what it saw."""
import json
import os
import sys
import time
import traceback

from daemons import Failed
from runs import Runs
from scenarios.canary import canary
from scenarios.clocks import wrong_clocks
from scenarios.disk import small_disk
from scenarios.faults import gateway_dead, rebalance_in_flush, refresh_killed, reply_lost, sigterm_without_hbase
from scenarios.inputs import access_log, access_log_sessions, event_row, time_zones
from scenarios.journeys import journeys
from scenarios.limits import first_commit, many_guids, many_urls, sketches, small_cache
from scenarios.members import comings_and_goings
from scenarios.network import every_fault, network
from scenarios.points import every_point, points
from scenarios.replay import replay
from scenarios.replay_middle import replay_middle
from scenarios.stream import kills, stream
from scenarios.topics import foreign_records, partitions_added, raw_made_again, raw_retention_passed, resolved_made_again
from scenarios.upgrade import rolling_upgrade

SCENARIOS = [stream, kills, sigterm_without_hbase, gateway_dead, reply_lost, rebalance_in_flush, raw_made_again,
             raw_retention_passed, resolved_made_again, partitions_added, foreign_records, refresh_killed, small_disk, access_log, access_log_sessions, event_row, time_zones, journeys,
             small_cache, many_urls, many_guids, sketches, first_commit, replay, replay_middle, rolling_upgrade, points, network, wrong_clocks,
             canary]
ON_REQUEST = [every_point, every_fault, comings_and_goings]  # takes long, and the ones above have some of it


def main(names):
    chosen = [s for s in SCENARIOS if not names or s.__name__ in names or (s is stream and "kills" in names)]
    chosen += [s for s in ON_REQUEST if s.__name__ in names]
    runs, passed, failed = Runs(), 0, 0
    try:
        if chosen and chosen[0] is not stream:
            runs.cluster.up()
        for scenario in chosen:
            began = time.monotonic()
            try:
                figures = scenario(runs)
                left_out = "NOT RUN" in figures
                passed += not left_out
                print(f"{'NOT RUN' if left_out else 'ok     '} {scenario.__name__:24} {time.monotonic() - began:5.0f} s  {json.dumps(figures)}", flush=True)
            except Exception as wrong:  # a scenario that fails must not keep the others from running
                failed += 1
                print(f"FAILED  {scenario.__name__:24} {time.monotonic() - began:5.0f} s  {wrong}", flush=True)
                if not isinstance(wrong, Failed):
                    traceback.print_exc()
            finally:
                runs.kill_all()
    finally:
        if not os.environ.get("GUIDEPOST_E2E_KEEP"):
            runs.cluster.call("down")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
