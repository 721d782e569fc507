package dev.baton.scheduler.loop;

import dev.baton.scheduler.policy.TakeoverCause;
import java.util.Map;

/**
 * A picture of one loop.
 *
 * @param loop index of the loop
 * @param cpu the CPU its workers are pinned to, -1 if not pinned
 * @param owner id of the worker that drives it
 * @param inContinuation whether that worker runs a unit or a continuation now
 * @param sequence grows with every change of the status word
 * @param turns grows with every turn of the loop
 * @param queuedContinuations continuations that wait
 * @param queuedTasks tasks of Netty and Vert.x that wait
 * @param away continuations that run on, on workers that have lost this loop
 * @param holding whether continuations are held back because no standby is left
 * @param continuations callbacks run to their end by owners so far, in units and continuations
 * @param takeovers how often the loop changed hands so far
 * @param takeoversByCause the same, for every cause
 * @param busyNanos time not spent asleep since the loop began; may be a moment behind, and then
 *     seem to go back by as much
 * @param givenUnits units that this loop has let its peers run so far, or taken back
 * @param pulledUnits units of peers that this loop has run so far
 * @param enclave the name of its enclave
 */
public record LoopSnapshot(
    int loop,
    int cpu,
    int owner,
    boolean inContinuation,
    long sequence,
    long turns,
    int queuedContinuations,
    int queuedTasks,
    int away,
    boolean holding,
    long continuations,
    long takeovers,
    Map<TakeoverCause, Long> takeoversByCause,
    long busyNanos,
    long givenUnits,
    long pulledUnits,
    String enclave) {}
