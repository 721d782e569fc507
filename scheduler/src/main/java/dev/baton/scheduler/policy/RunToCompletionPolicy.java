package dev.baton.scheduler.policy;

/**
 * The default: handlers run in order of arrival and to completion; a loop that will not run
 * something soon lets idle ones run it.
 *
 * @see <a href="https://dl.acm.org/doi/10.1145/3132747.3132780">ZygOS, SOSP '17</a>
 */
public final class RunToCompletionPolicy implements SchedulingPolicy {
  @Override
  public String name() {
    return "run-to-completion";
  }

  @Override
  public boolean mayPull(int puller, int from, int handlerClass) {
    return true;
  }
}
