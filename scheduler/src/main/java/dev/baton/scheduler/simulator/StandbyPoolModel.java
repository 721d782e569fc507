package dev.baton.scheduler.simulator;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The standbys of one CPU: started when they are needed, up to a bound. */
final class StandbyPoolModel {
  final Cpu cpu;
  final List<SimulatedLoop> loops = new ArrayList<>();
  private final SimulatedEnclave enclave;
  private final int max;
  private final ArrayDeque<SimulatedWorker> waiting = new ArrayDeque<>();
  private int total;

  StandbyPoolModel(SimulatedEnclave enclave, Cpu cpu, int max) {
    this.enclave = enclave;
    this.cpu = cpu;
    this.max = max;
  }

  /** The one that began to wait last, or null if as many as may are in use. */
  @Nullable SimulatedWorker take() {
    SimulatedWorker next = waiting.pollLast();
    if (next == null && total < Math.max(max, loops.size())) {
      total++;
      next = enclave.newWorker(this);
    }
    return next;
  }

  void add(SimulatedWorker worker) {
    waiting.addLast(worker);
  }

  /** Whether too few are left for new work to begin: each loop may lose its owner. */
  boolean isExhausted() {
    int most = Math.max(max, loops.size());
    return waiting.size() + most - total < loops.size();
  }
}
