package dev.baton.scheduler.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** How a CPU is shared: a slice of 1 ms, a tick each 4 ms, nothing costs anything. */
final class CpuTest {
  private static final long MS = 1_000_000;

  private final Machine machine =
      new Machine(1, Costs.none().with("kernelSlice", MS).with("kernelTick", 4 * MS));
  private final Cpu only = machine.cpus[0];
  private final List<String> log = new ArrayList<>();

  /** Computes when it is told to, and notes when it has. */
  private final class Computes extends SimulatedThread {
    private final String name;

    Computes(String name) {
      super(only);
      this.name = name;
    }

    void at(long fromMs, long forMs) {
      machine.time.at(
          fromMs * MS,
          new VirtualTime.Event() {
            @Override
            void happen() {
              left = forMs * MS;
              only.add(Computes.this);
            }
          });
    }

    @Override
    void done() {
      left = 0;
      log.add(name + " " + machine.time.now() / MS);
      only.remove(this);
    }
  }

  private void run() {
    while (machine.time.step()) {
      // all of it happens in the events
    }
  }

  @Test
  void shouldGiveTheCpuAtOnceToWhoWakesUpBesideOneThatHasHadItsSlice() {
    new Computes("hog").at(0, 20);
    new Computes("short").at(2, 1);

    run();

    assertThat(log).containsExactly("short 3", "hog 21");
  }

  @Test
  void shouldLookAtTheTickWhoIsNext() {
    new Computes("hog").at(1, 20); // and at 4 ms it goes on: it is alone
    new Computes("hog 2").at(5, 4); // has the CPU until the tick at 8
    new Computes("other").at(30, 1);

    run();

    // 5 … 8 hog 2; 8 … 12 hog, which has 3 to catch up; 12 … 13 hog 2
    assertThat(log).containsExactly("hog 2 13", "hog 25", "other 31");
  }

  @Test
  void shouldLetWhoHasHadTooMuchPayBackAsleep() {
    new Computes("hog").at(0, 30);
    var other = new Computes("other");
    other.at(1, 3); // until 4: 3 ms more than the hog, from then on
    other.at(12, 1); // they have been paid back at 7

    run();

    assertThat(log).containsExactly("other 4", "other 13", "hog 34");
  }

  @Test
  void shouldLetWhoWakesUpTooEarlyWaitForTheRest() {
    new Computes("hog").at(0, 30);
    var other = new Computes("other");
    other.at(1, 3); // until 4
    other.at(5, 1); // owes 1 ms still
    new Computes("third").at(6, 1); // owes nothing

    run();

    assertThat(log).containsExactly("other 4", "third 9", "other 10", "hog 35");
  }
}
