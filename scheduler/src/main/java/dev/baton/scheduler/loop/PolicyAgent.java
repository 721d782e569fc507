package dev.baton.scheduler.loop;

import dev.baton.scheduler.policy.Agent;
import dev.baton.scheduler.policy.HandlerClasses;
import dev.baton.scheduler.policy.Message;
import dev.baton.scheduler.policy.SchedulingPolicy;
import dev.baton.scheduler.policy.TransactionResult;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * The slow side of one installed policy: a thread that passes messages to it and commits what it
 * decides. Ends when the policy is replaced; one that is stuck in the policy is left behind.
 */
final class PolicyAgent implements Agent, Runnable {
  private static final long COMMIT_NANOS = 20_000_000;

  private final Enclave enclave;
  private final InstalledPolicy installed;
  private final Thread thread;
  private final PolicyCall call = new PolicyCall();
  private final CountDownLatch begun = new CountDownLatch(1);

  PolicyAgent(Enclave enclave, InstalledPolicy installed) {
    this.enclave = enclave;
    this.installed = installed;
    this.thread =
        Thread.ofPlatform()
            .daemon()
            .name("baton-policy-" + installed.policy().name())
            .unstarted(this);
  }

  Thread thread() {
    return thread;
  }

  PolicyCall call() {
    return call;
  }

  /**
   * Starts, and waits until the policy has answered what is constant, and knows its enclave.
   *
   * @return false if it has not within {@code nanos}, or has failed
   */
  boolean begin(long nanos) {
    thread.start();
    boolean interrupted = false;
    try {
      long until = System.nanoTime() + nanos;
      while (true) {
        try {
          return begun.await(until - System.nanoTime(), TimeUnit.NANOSECONDS)
              && installed.fault() == null;
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** The policy decides no more. */
  void end() {
    thread.interrupt(); // it may sleep in there
  }

  @Override
  public void run() {
    try {
      synchronized (installed.slowSide()) {
        call.begin(installed);
        installed.prepare(enclave.members(), enclave.loopCount(), enclave.cpus().size());
        enclave.policies().incoming(installed);
        installed.policy().installed(this, System.nanoTime());
        call.end();
      }
      begun.countDown();
      serve(installed.messages());
    } catch (Throwable e) {
      call.end();
      installed.fail(e);
    } finally {
      begun.countDown();
    }
  }

  private void serve(MessageQueue messages) {
    long tick = installed.tickNanos();
    if (tick == 0 && messages.isDeaf()) {
      return;
    }
    long nextTick = System.nanoTime() + tick;
    while (!installed.isRetired()) {
      Message message;
      try {
        message = messages.take(tick == 0 ? Long.MAX_VALUE : nextTick - System.nanoTime());
      } catch (InterruptedException e) {
        continue; // the end, or meant for the policy
      }
      if (message != null) {
        tell(message);
      }
      if (tick > 0 && System.nanoTime() - nextTick >= 0) {
        nextTick = System.nanoTime() + tick;
        messages.add(Message.Kind.TICK, System.nanoTime(), -1, -1, HandlerClasses.UNKNOWN, 0);
        ask(() -> installed.refresh());
        enclave.policies().applySlices();
      }
    }
  }

  private void tell(Message message) {
    ask(() -> installed.policy().message(message));
  }

  private void ask(Runnable question) {
    synchronized (installed.slowSide()) {
      if (installed.isRetired() || installed.isOvertaken()) {
        return;
      }
      call.begin(installed);
      try {
        question.run();
      } finally {
        call.end();
      }
    }
  }

  private TransferableEventLoop loop(int index) {
    if (installed.isRetired()) {
      throw new IllegalStateException(
          "policy=" + installed.policy().name() + ": it was replaced, and decides no more");
    }
    return enclave.loop(installed.loopOf(Objects.checkIndex(index, installed.size())));
  }

  // ---------------------------------------------------------------- readers

  @Override
  public int loops() {
    return installed.size();
  }

  @Override
  public int cpus() {
    return enclave.cpus().size();
  }

  @Override
  public int cpuOf(int loop) {
    return Math.max(
        0, enclave.cpuIndexOf(installed.loopOf(Objects.checkIndex(loop, installed.size()))));
  }

  @Override
  public long status(int loop) {
    return loop(loop).status();
  }

  @Override
  public boolean isIdle(int loop) {
    return loop(loop).isIdle();
  }

  @Override
  public int waiting(int queue) {
    return queue == SchedulingPolicy.SHARED ? enclave.sharedWaiting() : loop(queue).waitingUnits();
  }

  @Override
  public HandlerClasses classes() {
    return enclave.classes();
  }

  @Override
  public long lostMessages() {
    return installed.messages().lost();
  }

  // ---------------------------------------------------------------- transactions

  @Override
  public TransactionResult run(int loop, long seen) {
    return enclave.counted(loop(loop).run(seen));
  }

  @Override
  public TransactionResult takeOver(int index, long seen) {
    return enclave.counted(loop(index).requestTakeover(seen, COMMIT_NANOS));
  }
}
