package dev.baton.stages;

/** What a stage computes. May block, and may throw anything. */
@FunctionalInterface
public interface StageFunction<I, O> {
  O apply(I input) throws Exception;
}
