/**
 * How Baton learns that a worker went to sleep inside user code: the kernel says so ({@link
 * dev.baton.scheduler.notify.PerfEventNotifier}), or {@code /proc} does when asked ({@link
 * dev.baton.scheduler.notify.ProcSampler}), or nobody does and only the clock is left ({@link
 * dev.baton.scheduler.notify.TickNotifier}).
 */
@NullMarked
package dev.baton.scheduler.notify;

import org.jspecify.annotations.NullMarked;
