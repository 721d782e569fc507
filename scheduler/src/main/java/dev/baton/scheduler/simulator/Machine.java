package dev.baton.scheduler.simulator;

import java.util.BitSet;
import java.util.LinkedHashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The simulated computer: its CPUs, and what its kernel knows of all of them. */
final class Machine {
  final VirtualTime time = new VirtualTime();
  final Costs costs;
  final Cpu[] cpus;

  /** CPUs that nobody wants. */
  final BitSet idle = new BitSet();

  /** Threads that may run anywhere, and wait for a CPU; in the order in which they began to. */
  final Set<SimulatedThread> strays = new LinkedHashSet<>();

  Machine(int cpus, Costs costs) {
    this.costs = costs;
    this.cpus = new Cpu[cpus];
    for (int i = 0; i < cpus; i++) {
      this.cpus[i] = new Cpu(i, this);
    }
    idle.set(0, cpus);
  }

  /**
   * Where a thread that may run anywhere wakes up: {@code previous} if it is idle, or any idle one.
   */
  Cpu wakeUpCpu(Cpu previous) {
    if (idle.get(previous.index)) {
      return previous;
    }
    int free = idle.nextSetBit(0);
    return free < 0 ? previous : cpus[free];
  }

  @Nullable SimulatedThread oldestStray() {
    return strays.isEmpty() ? null : strays.iterator().next();
  }

  long switches() {
    long sum = 0;
    for (Cpu cpu : cpus) {
      sum += cpu.switches();
    }
    return sum;
  }

  long busyNanos() {
    long sum = 0;
    for (Cpu cpu : cpus) {
      cpu.account();
      sum += cpu.busyNanos();
    }
    return sum;
  }
}
