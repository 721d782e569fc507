package dev.baton.scheduler.loop;

import dev.baton.scheduler.policy.HandlerClasses;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * Where handlers of a class run, if not in the enclave of the loop that they come to. Any thread: a
 * handler that comes while its class moves runs here or there.
 */
final class ClassPlaces {
  private final AtomicReferenceArray<@Nullable Enclave> enclaves =
      new AtomicReferenceArray<>(HandlerClasses.MAX);
  private volatile boolean any;

  /** Whether any class was ever given a place. */
  boolean isAny() {
    return any;
  }

  /** Where handlers of this class run; null where they come. */
  @Nullable Enclave of(int handlerClass) {
    return any ? enclaves.get(handlerClass) : null;
  }

  /** From now on handlers of this class run there. */
  void set(int handlerClass, Enclave enclave) {
    enclaves.set(handlerClass, enclave);
    any = true;
  }
}
