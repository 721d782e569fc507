package dev.baton.scheduler.loop;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Another policy decides.
 *
 * @param atNanos since when, {@link System#nanoTime}
 * @param from the name of the one before
 * @param to the name of the one that decides since then
 * @param fault why the one before was replaced; null if somebody has installed the new one
 * @param stack where it has failed, or what it did when it did not answer; innermost frame first,
 *     empty without a fault
 */
public record PolicyChange(
    long atNanos, String from, String to, @Nullable String fault, List<StackTraceElement> stack) {}
