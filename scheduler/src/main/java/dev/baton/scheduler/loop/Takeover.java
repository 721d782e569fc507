package dev.baton.scheduler.loop;

import dev.baton.scheduler.policy.TakeoverCause;
import org.jspecify.annotations.Nullable;

/**
 * One loop that changed hands.
 *
 * @param loop index of the loop
 * @param cause why
 * @param from id of the worker that lost the loop
 * @param to id of the worker that drives it now
 * @param atNanos when the old owner stopped serving the loop, {@link System#nanoTime}: the kernel's
 *     own time of the block where it is known, otherwise the time of the takeover
 * @param resumedAfterNanos from {@code atNanos} until the new owner drove the loop
 * @param nextRanAfterNanos from {@code atNanos} until the next continuation of the loop ran; -1 if
 *     none was waiting
 * @param fromStint which of its stints {@code from} was in, see {@link Enclave#isAway}
 * @param work what {@code from} ran when it lost the loop, as the {@link WorkObserver} describes it
 */
public record Takeover(
    int loop,
    TakeoverCause cause,
    int from,
    int to,
    long atNanos,
    long resumedAfterNanos,
    long nextRanAfterNanos,
    long fromStint,
    @Nullable Object work) {}
