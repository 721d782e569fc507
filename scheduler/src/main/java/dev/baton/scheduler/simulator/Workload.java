package dev.baton.scheduler.simulator;

import java.util.List;

/** Requests in the order in which they come, each with what it will ask for. */
public interface Workload {
  /**
   * The next request.
   *
   * @param into what is set, all fields
   * @return false if no more come
   */
  boolean next(Request into);

  /** Names of the kinds, by index. */
  List<String> kinds();
}
