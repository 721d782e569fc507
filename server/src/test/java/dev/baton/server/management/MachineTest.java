package dev.baton.server.management;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Of files such as those that the kernel shows. */
final class MachineTest {
  private static final long SECOND = 1_000_000_000L;

  @TempDir Path directory;

  @BeforeEach
  void begin() throws IOException {
    write("proc/stat", "cpu  10 0 10 900 0 0 0 0 0 0\ncpu0 10 0 10 900 0 0 0 0 0 0\n");
  }

  private void write(String file, String text) throws IOException {
    Path path = directory.resolve(file);
    Files.createDirectories(path.getParent());
    Files.writeString(path, text);
  }

  private Machine machine() {
    return new Machine(directory.resolve("proc"), directory.resolve("groups"));
  }

  @Test
  void shouldSeeWhatOtherMachinesTake() throws IOException {
    Machine machine = machine();
    machine.read(SECOND);
    write("proc/stat", "cpu  20 0 20 1000 0 0 0 50 0 0\n"); // half a second of steal

    machine.read(2 * SECOND);

    assertThat(machine.shares().stolen())
        .isCloseTo(0.5 / Runtime.getRuntime().availableProcessors(), within(1e-6));
  }

  @Test
  void shouldTellThePausesOfAShortTimeFromThoseOfALongOne() {
    Machine machine = machine();
    machine.read(SECOND);
    machine.read(6 * SECOND);
    long now = 11 * SECOND;
    while (machine.pausesSince(6 * SECOND, now) == 0) {
      System.gc(); // until one has taken a millisecond
    }

    double ofFive = machine.pausesSince(6 * SECOND, now);

    Offset<Double> ofIt = within(ofFive / 50);
    assertThat(machine.pausesSince(6 * SECOND - 1, now)).isCloseTo(ofFive / 2, ofIt);
    assertThat(machine.pausesSince(0, now)).isCloseTo(ofFive / 2, ofIt);
  }

  /**
   * Who reads is paused, too: after it has looked at the clock, and before it asks for the pauses.
   */
  @Test
  void shouldTellOfNoMorePausesThanThereWasTime() {
    Machine machine = machine();
    machine.read(SECOND);
    while (machine.pausesSince(SECOND, SECOND + 1) == 0) {
      System.gc(); // until one has taken a millisecond
    }
    machine.read(SECOND + 1);

    assertThat(machine.pausesSince(SECOND, SECOND + 1)).isEqualTo(1);
    assertThat(machine.shares().pauses()).isEqualTo(1);
  }

  /** A systemd unit, a container of its own name space, one without, and version 1. */
  @ParameterizedTest
  @CsvSource({
    "0::/system.slice/baton.service, groups/system.slice/baton.service/cpu.stat, throttled_usec,"
        + " 250000",
    "0::/, groups/cpu.stat, throttled_usec, 250000",
    "0::/docker/0123, groups/cpu.stat, throttled_usec, 250000",
    "'4:cpu,cpuacct:/kubepods/x', 'groups/cpu,cpuacct/kubepods/x/cpu.stat', throttled_time,"
        + " 250000000",
    "'4:cpu,cpuacct:/kubepods/x', 'groups/cpu,cpuacct/cpu.stat', throttled_time, 250000000",
  })
  void shouldSeeTheLimitOfItsOwnGroup(String group, String file, String name, long quarter)
      throws IOException {
    String stat = "nr_periods 10\nnr_throttled 1\n" + name + " ";
    write("proc/self/cgroup", "7:memory:/elsewhere\n" + group + "\n");
    write("groups/memory/elsewhere/cpu.stat", stat + "1");
    write(file, stat + "1000\n");
    Machine machine = machine();
    machine.read(SECOND);
    write(file, stat + (1000 + quarter) + "\n");

    machine.read(2 * SECOND);

    assertThat(machine.shares().throttled()).isCloseTo(0.25, within(1e-6));
  }

  @Test
  void shouldKnowNothingOfALimitWhereThereIsNone() throws IOException {
    write("proc/self/cgroup", "0::/\n");
    write("groups/cpu.stat", "usage_usec 1\nuser_usec 1\n"); // as the root has it
    Machine machine = machine();
    machine.read(SECOND);

    machine.read(2 * SECOND);

    assertThat(machine.shares().throttled()).isZero();
  }
}
