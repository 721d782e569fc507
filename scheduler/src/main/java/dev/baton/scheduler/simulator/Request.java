package dev.baton.scheduler.simulator;

import dev.baton.scheduler.policy.SchedulingPolicy;

/** One request on its way: when it came, what it asks for, and how much of that is left. */
final class Request {
  /** When it came, nanoseconds of virtual time. */
  long arrivedNanos;

  /** Index of its kind. */
  int kind;

  /** Which of the clients' connections it came by. */
  int connection;

  /** CPU time of its handler until it sleeps, or ends. */
  long cpuNanos;

  /** How long it sleeps then; 0: it does not. */
  long blockNanos;

  /** CPU time after that. */
  long cpuAfterNanos;

  /** When it must have been answered. */
  long deadlineNanos = SchedulingPolicy.NO_DEADLINE;

  // Written by the enclave
  boolean counts; // its latency is recorded
  int handlerClass;
  long rank;
  long order; // among all that were queued
  int from = -1; // the loop that has given it away
  long servedNanos; // what its handler has computed
  boolean blocked; // its loop was taken because it slept
  long blockedAtNanos; // when
}
