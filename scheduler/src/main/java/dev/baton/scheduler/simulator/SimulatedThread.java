package dev.baton.scheduler.simulator;

/** A thread of the simulated machine: it computes in bursts, and sleeps between them. */
abstract class SimulatedThread {
  /** Where it runs, or ran last. */
  Cpu cpu;

  /** Whether it may run on any CPU. */
  boolean widened;

  // Written by its CPU, but for left: whoever begins a burst
  long left; // of the burst, nanoseconds
  long ran; // since it was made: what the kernel calls its CPU time
  double virtual;
  double deadline;
  double lag;
  boolean owes; // it sleeps, and has had more than its share

  SimulatedThread(Cpu home) {
    cpu = home;
  }

  /** The burst is over: sets {@code left} for the next one, or leaves its CPU. */
  abstract void done();
}
