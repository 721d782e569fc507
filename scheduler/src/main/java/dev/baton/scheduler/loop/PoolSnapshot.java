package dev.baton.scheduler.loop;

/**
 * A picture of the standbys of one CPU. Counters count since the start.
 *
 * @param cpu the CPU, -1 if not pinned
 * @param idle workers that wait
 * @param total workers beside the owners of loops, and what runs ahead in place of one
 * @param max the most workers beside the owners of loops
 * @param exhausted whether nobody waits and nobody more may be started
 * @param exhaustions how often that happened
 * @param wakeups kernel events that woke a standby
 * @param stale events and decisions that the world had overtaken
 * @param forgiven blocks that ended within the grace
 * @param lost blocks that a notifier which wakes has not told of; the loop's timer found them
 */
public record PoolSnapshot(
    int cpu,
    int idle,
    int total,
    int max,
    boolean exhausted,
    long exhaustions,
    long wakeups,
    long stale,
    long forgiven,
    long lost) {}
