package dev.baton.loadgen;

import dev.baton.loadgen.record.ConnectionRecord;
import dev.baton.loadgen.record.CoreUse;
import dev.baton.loadgen.record.Heatmap;
import dev.baton.loadgen.record.Latencies;
import dev.baton.loadgen.record.Outcome;
import dev.baton.loadgen.record.RequestRecord;
import dev.baton.loadgen.record.SelfMeasurement;
import dev.baton.loadgen.record.Validity;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/**
 * The result of a run. Immutable, apart from the histograms it holds, which are not to be changed.
 *
 * @param options what was asked for
 * @param startedAt when the run began
 * @param scheduleHash identifies the schedule; empty in a closed loop
 * @param total the sum over the mix
 * @param requests one record per request of the mix, in its order
 * @param sessions one record per scenario: its sessions as wholes
 * @param phases one record per recorded phase, in order
 * @param warmup the warm-up, which is in none of the others
 * @param connections what became of the connections
 * @param lateness how late the generator itself looked at requests that were due
 * @param pollGaps how long it was away from its sockets at a time
 * @param windowSeconds length of the measured time
 * @param interrupted whether it was ended before its time
 * @param core how the thread that sends got on with its core in the measured time
 * @param self what the generator cost
 * @param errorKinds errors by kind
 * @param heatmap response times over time
 * @param latenessMap lateness over time
 * @param invalidReasons why the numbers are not to be trusted; empty if they are
 */
public record LoadReport(
    LoadOptions options,
    Instant startedAt,
    String scheduleHash,
    RequestRecord total,
    List<RequestRecord> requests,
    List<RequestRecord> sessions,
    List<RequestRecord> phases,
    RequestRecord warmup,
    ConnectionRecord connections,
    Latencies lateness,
    Latencies pollGaps,
    double windowSeconds,
    boolean interrupted,
    CoreUse core,
    SelfMeasurement self,
    Map<String, Long> errorKinds,
    Heatmap heatmap,
    Heatmap latenessMap,
    List<String> invalidReasons) {

  /** Whether the generator itself disturbed the result too little to matter. */
  public boolean valid() {
    return invalidReasons.isEmpty();
  }

  /** What tells whether a percentile is the generator's doing. */
  public Validity validity() {
    return new Validity(lateness, pollGaps, windowSeconds);
  }

  /** Requests per second asked for over the measured time; 0 in a closed loop. */
  public double askedRate() {
    return options.isClosedLoop() ? 0 : total.scheduled() / windowSeconds;
  }

  /** Responses of any status, those of the warm-up included. */
  public long responses() {
    long sum = 0;
    for (var record : List.of(total, warmup)) {
      sum += record.count(Outcome.OK) + record.count(Outcome.HTTP_ERROR);
    }
    return sum;
  }

  /** Responses per second that were ok and arrived in the measured time. */
  public double deliveredRate() {
    return total.okInWindow() / windowSeconds;
  }

  /** Responses per second that arrived in the measured time, whatever their status. */
  public double answeredRate() {
    return total.answeredInWindow() / windowSeconds;
  }
}
