package dev.baton.server.main;

import java.util.logging.LogManager;

/**
 * The JDK's logging, for a process that still has something to say while it ends. The JDK's own
 * manager closes all handlers in a shutdown hook, beside the one that drains: lines that come later
 * are lost without a word.
 */
public final class LastingLogManager extends LogManager {
  /** Asked for by {@link LogManager}, by its property. */
  public LastingLogManager() {}

  /** Called by the JDK's shutdown hook, and by nobody else in this process: keeps the handlers. */
  @Override
  public void reset() {
    // They write through: nothing is lost if they are never closed.
  }
}
