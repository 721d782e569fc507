package dev.baton.scheduler.loop;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.HashMap;
import java.util.Map;

/**
 * Looks after threads that ask a policy which is not ours, and reports one that does not answer.
 * Runs only while there is such a policy.
 */
final class PolicyWatchdog implements Runnable {
  /**
   * Between two looks: with the limits of {@link HangDetector}, well within a tenth of a second.
   */
  private static final long PERIOD_MILLIS = 2;

  private final Enclave enclave;
  private final InstalledPolicy watched;
  private final PolicyAgent agent;
  private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
  private final Map<Thread, HangDetector> detectors = new HashMap<>();

  PolicyWatchdog(Enclave enclave, InstalledPolicy watched, PolicyAgent agent) {
    this.enclave = enclave;
    this.watched = watched;
    this.agent = agent;
  }

  void start() {
    Thread.ofPlatform().daemon().name("baton-policy-watchdog").start(this);
  }

  @Override
  public void run() {
    enclave
        .shortenKernelSlice(); // it looks for a moment, and must not wait behind what it looks for
    while (!watched.isRetired()) {
      look(agent.thread(), agent.call(), HangDetector.MAX_SLOW_NANOS);
      enclave.eachWorkerThread(
          thread -> look(thread, thread.policyCall, HangDetector.MAX_FAST_NANOS));
      detectors.keySet().removeIf(thread -> !thread.isAlive());
      try {
        Thread.sleep(PERIOD_MILLIS);
      } catch (InterruptedException e) {
        return; // nobody does
      }
    }
  }

  private void look(Thread thread, PolicyCall call, long maxCpuNanos) {
    long number = call.numberOpaque();
    if (call.asked() != watched) {
      return; // or left behind in one that has failed before
    }
    HangDetector detector = detectors.get(thread);
    if (detector == null) {
      if (!PolicyCall.isInside(number)) {
        return; // most threads never are when they are looked at
      }
      detector = new HangDetector(maxCpuNanos);
      detectors.put(thread, detector);
    }
    boolean inside = PolicyCall.isInside(number);
    if (detector.isStuck(
        number,
        System.nanoTime(),
        inside ? threads.getThreadCpuTime(thread.threadId()) : 0,
        inside ? threads.getThreadAllocatedBytes(thread.threadId()) : 0,
        thread.getState() != Thread.State.RUNNABLE)) {
      var stuck = new IllegalStateException("it does not answer");
      stuck.setStackTrace(thread.getStackTrace());
      watched.fail(stuck);
    }
  }
}
