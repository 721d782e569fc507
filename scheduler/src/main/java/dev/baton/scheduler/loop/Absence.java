package dev.baton.scheduler.loop;

import dev.baton.scheduler.policy.TakeoverCause;
import org.jspecify.annotations.Nullable;

/**
 * One continuation that ran on after its worker had lost the loop, and has ended: what follows a
 * {@link Takeover} with the same worker and stint.
 *
 * @param worker id of the worker that was away
 * @param stint which of its stints that was, {@link Takeover#fromStint}
 * @param cause why it lost the loop
 * @param sinceNanos when it stopped serving the loop, {@link System#nanoTime}
 * @param nanos how long it was away
 * @param work what it ran, as the {@link WorkObserver} describes it at the end: more may be known
 *     by then than when the loop was taken
 */
public record Absence(
    int worker,
    long stint,
    TakeoverCause cause,
    long sinceNanos,
    long nanos,
    @Nullable Object work) {}
