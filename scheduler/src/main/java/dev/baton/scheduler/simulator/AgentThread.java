package dev.baton.scheduler.simulator;

import dev.baton.scheduler.policy.Message;
import java.util.ArrayDeque;

/** The thread that tells a policy its messages, one after the other; it takes time for each. */
final class AgentThread extends SimulatedThread {
  private final SimulatedEnclave enclave;
  private final Machine machine;
  private final ArrayDeque<Message> messages = new ArrayDeque<>();
  private boolean awake;

  AgentThread(Machine machine, SimulatedEnclave enclave) {
    super(machine.cpus[0]);
    this.machine = machine;
    this.enclave = enclave;
  }

  void hear(Message message) {
    messages.add(message);
    if (!awake) {
      awake = true;
      widened = true;
      Cpu on = machine.wakeUpCpu(cpu);
      left = machine.costs.message() + (on.isIdle() ? machine.costs.wakeUp() : 0);
      on.add(this);
    }
  }

  @Override
  void done() {
    left = 0;
    enclave.told(messages.remove());
    if (messages.isEmpty()) {
      awake = false;
      cpu.remove(this);
    } else {
      left += machine.costs.message();
    }
  }
}
