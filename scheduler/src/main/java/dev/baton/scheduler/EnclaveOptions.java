package dev.baton.scheduler;

import dev.baton.scheduler.os.CpuTopology;
import dev.baton.scheduler.policy.Policies;
import dev.baton.scheduler.policy.SchedulingPolicy;
import java.util.regex.Pattern;

/**
 * An enclave beside the one that a {@link Scheduler} always has: its name, its CPUs, how many loops
 * it begins with, and which policy. All else is as in {@link SchedulerOptions}. Not thread-safe.
 */
public final class EnclaveOptions {
  private static final Pattern NAME = Pattern.compile("[A-Za-z][A-Za-z0-9_-]{0,31}");

  private final String name;
  private String cpus;
  private int loops;
  private String policy = Policies.DEFAULT;

  /**
   * One loop for each of these CPUs, under the default policy.
   *
   * @param name a letter, then up to 31 letters, digits, dashes or underscores
   * @param cpus a list or what they share, {@link CpuTopology}
   * @throws IllegalArgumentException if the name is not as above
   */
  public EnclaveOptions(String name, String cpus) {
    if (!NAME.matcher(name).matches()) {
      throw new IllegalArgumentException(
          "enclave="
              + name
              + ": name it by a letter, then up to 31 letters, digits, dashes or underscores");
    }
    this.name = name;
    this.cpus = cpus;
  }

  /** A copy. */
  public EnclaveOptions(EnclaveOptions other) {
    name = other.name;
    cpus = other.cpus;
    loops = other.loops;
    policy = other.policy;
  }

  public String getName() {
    return name;
  }

  /** Which CPUs: a list such as {@code 2-3}, or {@code core:2}, {@code l3:0}, {@code node:1}. */
  public String getCpus() {
    return cpus;
  }

  public EnclaveOptions setCpus(String cpus) {
    this.cpus = cpus;
    return this;
  }

  /** Number of event loops at the start; 0 (the default) means one per CPU. */
  public int getLoops() {
    return loops;
  }

  /**
   * See {@link #getLoops}.
   *
   * @throws IllegalArgumentException if it is negative or larger than 4096
   */
  public EnclaveOptions setLoops(int loops) {
    if (loops < 0 || loops > 4096) {
      throw new IllegalArgumentException("loops=" + loops + ": choose a value from 0 to 4096");
    }
    this.loops = loops;
    return this;
  }

  /** The name of the scheduling policy, {@link Policies}; {@code run-to-completion} by default. */
  public String getPolicy() {
    return policy;
  }

  /**
   * See {@link #getPolicy}.
   *
   * @throws IllegalArgumentException if there is none of this name
   */
  public EnclaveOptions setPolicy(String policy) {
    SchedulingPolicy _ = Policies.byName(policy);
    this.policy = policy;
    return this;
  }
}
