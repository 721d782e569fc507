package dev.baton.scheduler.simulator;

import dev.baton.scheduler.simulator.VirtualTime.Event;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One CPU and those who want it, shared as Linux does (EEVDF): each thread has run for so long; who
 * has had no more than its share may run, of those the one whose slice would be used up first. Who
 * wakes up takes the CPU from a thread that has used its slice up; otherwise the kernel looks again
 * at its next tick. Who goes to sleep with more than its share behind it counts until the others
 * have caught up, or it wakes up and still lacks the rest (delayed dequeue). A CPU that has nothing
 * to do takes a thread that waits elsewhere and may move.
 *
 * @see <a href="https://docs.kernel.org/scheduler/sched-eevdf.html">EEVDF Scheduler</a>
 */
final class Cpu extends Event {
  private static final double ROUNDING = 0.1; // nanoseconds of virtual time

  final int index;
  private final Machine machine;
  private final VirtualTime time;
  private final long sliceNanos;
  private final long tickNanos;
  private final long switchNanos;

  // With the current one, and those that sleep and owe
  private final List<SimulatedThread> runnable = new ArrayList<>();
  private @Nullable SimulatedThread current;
  private @Nullable SimulatedThread latest; // that has run here: a switch to it costs nothing
  private long sinceNanos; // how far the current one's run is accounted for
  private double base; // virtual time when nobody was left
  private long busyNanos;
  private long switches;

  Cpu(int index, Machine machine) {
    this.index = index;
    this.machine = machine;
    this.time = machine.time;
    this.sliceNanos = machine.costs.kernelSlice();
    this.tickNanos = machine.costs.kernelTick();
    this.switchNanos = machine.costs.contextSwitch();
  }

  /** Whether nobody wants it. */
  boolean isIdle() {
    return runnable.isEmpty();
  }

  /** Whether {@code thread} wants this CPU and does not have it. */
  boolean isWaiting(SimulatedThread thread) {
    return thread != current && thread.cpu == this && !thread.owes && runnable.contains(thread);
  }

  /** For how long threads have run here. */
  long busyNanos() {
    return busyNanos;
  }

  /** How often another thread than before has run here. */
  long switches() {
    return switches;
  }

  /** {@code thread} wants this CPU for what it has left to do. */
  void add(SimulatedThread thread) {
    account();
    if (runnable.isEmpty()) {
      machine.idle.clear(index);
    }
    if (thread.owes) {
      thread.cpu.leave(thread);
    }
    thread.cpu = this;
    int others = runnable.size();
    double lag = others == 0 ? 0 : thread.lag * (others + 1) / others; // the mean will move, too
    thread.virtual = virtualTime() - lag;
    thread.deadline = thread.virtual + sliceNanos;
    runnable.add(thread);
    SimulatedThread running = current;
    if (running == null) {
      dispatch(thread);
      return;
    }
    if (thread.widened) {
      machine.strays.add(thread);
    }
    if (running.virtual >= running.deadline) {
      choose();
    } else {
      plan();
    }
  }

  /** Counts what the current thread has run since the last look. */
  void account() {
    SimulatedThread running = current;
    long now = time.now();
    if (running != null && now != sinceNanos) {
      long ran = now - sinceNanos;
      running.left -= ran;
      running.ran += ran;
      running.virtual += ran;
      busyNanos += ran;
    }
    sinceNanos = now;
  }

  /** The current thread has done what it wanted, or it is the kernel's tick. */
  @Override
  void happen() {
    account();
    SimulatedThread running = current;
    if (running == null) {
      return;
    }
    if (running.left <= 0) {
      do {
        running.done(); // goes on with something else, or sleeps
      } while (current == running && running.left <= 0);
      if (current == running) {
        plan();
      }
      return;
    }
    giveAway();
    if (running.virtual >= running.deadline) {
      choose();
    } else {
      plan();
    }
  }

  /** The current thread wants it no more. */
  void remove(SimulatedThread thread) {
    account();
    thread.owes = thread.virtual > virtualTime() + ROUNDING;
    if (!thread.owes) {
      leave(thread);
    }
    current = null;
    choose();
  }

  /** {@code thread} is neither the current one, nor counts any more. */
  private void leave(SimulatedThread thread) {
    double now = virtualTime();
    double lag = thread.owes ? Math.min(0, now - thread.virtual) : now - thread.virtual;
    double most = sliceNanos + tickNanos;
    thread.lag = Math.max(-most, Math.min(most, lag));
    thread.owes = false;
    runnable.remove(thread);
    if (runnable.isEmpty()) {
      base = now;
    }
  }

  /** A thread that waits here and may run anywhere goes to a CPU that is idle, if one is. */
  private void giveAway() {
    if (machine.strays.isEmpty() || machine.idle.isEmpty()) {
      return;
    }
    for (SimulatedThread thread : runnable) {
      if (thread != current && thread.widened && !thread.owes) {
        moveTo(machine.cpus[machine.idle.nextSetBit(0)], thread);
        return;
      }
    }
  }

  private void moveTo(Cpu other, SimulatedThread thread) {
    account();
    leave(thread);
    machine.strays.remove(thread);
    plan();
    other.add(thread);
  }

  private double virtualTime() {
    int n = runnable.size();
    if (n == 0) {
      return base;
    }
    if (n == 1) {
      return runnable.getFirst().virtual;
    }
    double sum = 0;
    for (SimulatedThread thread : runnable) {
      sum += thread.virtual;
    }
    return sum / n;
  }

  /** The next one: of those who have had no more than their share, who is due first. */
  private void choose() {
    SimulatedThread running = current;
    if (running != null) {
      running.deadline = running.virtual + sliceNanos;
    }
    SimulatedThread next;
    while ((next = due()) != null && next.owes) { // no more
      leave(next);
    }
    if (next == null) {
      rest();
    } else if (next == current) {
      plan();
    } else {
      dispatch(next);
    }
  }

  private @Nullable SimulatedThread due() {
    double now = virtualTime() + ROUNDING;
    SimulatedThread best = null;
    for (SimulatedThread thread : runnable) {
      if (thread.virtual <= now
          && (best == null
              || thread.deadline < best.deadline
              || (thread.deadline == best.deadline && best == current))) {
        best = thread;
      }
    }
    return best;
  }

  private void rest() {
    time.cancel(this);
    machine.idle.set(index);
    SimulatedThread stray = machine.oldestStray();
    if (stray != null) {
      stray.cpu.moveTo(this, stray);
    }
  }

  private void dispatch(SimulatedThread thread) {
    SimulatedThread before = current;
    if (before != null && before.widened) {
      machine.strays.add(before);
    }
    if (thread.widened) {
      machine.strays.remove(thread);
    }
    current = thread;
    if (latest != thread) {
      latest = thread;
      switches++;
      thread.left += switchNanos;
    }
    plan();
  }

  private void plan() {
    SimulatedThread running = current;
    if (running != null) {
      long tick = tickNanos - time.now() % tickNanos;
      time.after(runnable.size() == 1 ? running.left : Math.min(running.left, tick), this);
    }
  }
}
