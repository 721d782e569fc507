package dev.baton.scheduler.os;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Reads a machine of two NUMA nodes, each with two cores of two threads. */
class CpuTopologyTest {
  @TempDir private Path root;

  @BeforeEach
  void describe() throws IOException {
    for (int cpu = 0; cpu < 8; cpu++) {
      int core = cpu % 4;
      int node = core / 2;
      write("cpu/cpu" + cpu + "/topology/core_cpus_list", core + "," + (core + 4));
      write("cpu/cpu" + cpu + "/cache/index0/level", "1");
      write("cpu/cpu" + cpu + "/cache/index0/shared_cpu_list", core + "," + (core + 4));
      write("cpu/cpu" + cpu + "/cache/index3/level", "3");
      write("cpu/cpu" + cpu + "/cache/index3/shared_cpu_list", cpusOf(node));
    }
    write("node/node0/cpulist", cpusOf(0));
    write("node/node1/cpulist", cpusOf(1));
  }

  private static String cpusOf(int node) {
    return node == 0 ? "0-1,4-5" : "2-3,6-7";
  }

  private void write(String file, String line) throws IOException {
    Path path = root.resolve(file);
    Files.createDirectories(path.getParent());
    Files.writeString(path, line + "\n");
  }

  private String parse(String text) {
    return new CpuTopology(root).parse(text).toString();
  }

  @Test
  void shouldReadWhatBelongsTogether() {
    assertThat(parse("1,6")).isEqualTo("1,6");
    assertThat(parse("core:2")).isEqualTo("2,6");
    assertThat(parse("siblings:2")).isEqualTo("6");
    assertThat(parse("l3:0")).isEqualTo("0-1,4-5");
    assertThat(parse("node:1")).isEqualTo("2-3,6-7");
  }

  @Test
  void shouldReadOlderKernels() throws IOException {
    Path topology = root.resolve("cpu/cpu3/topology");
    Files.move(topology.resolve("core_cpus_list"), topology.resolve("thread_siblings_list"));

    assertThat(parse("core:3")).isEqualTo("3,7");
  }

  @Test
  void shouldSayWhatIsWrong() {
    assertThatThrownBy(() -> parse("socket:0"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("cpus=socket:0")
        .hasMessageContaining("core:N, siblings:N, l3:N, node:N");
    assertThatThrownBy(() -> parse("core:x"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'x' is no number");
    assertThatThrownBy(() -> parse("node:7"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("the kernel tells of no such thing")
        .hasMessageContaining("name the CPUs by a list");
  }

  @Test
  void shouldSayThatACoreHasNoSiblings() throws IOException {
    write("cpu/cpu0/topology/core_cpus_list", "0");

    assertThatThrownBy(() -> parse("siblings:0"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("cpus=siblings:0: there are none");
  }
}
