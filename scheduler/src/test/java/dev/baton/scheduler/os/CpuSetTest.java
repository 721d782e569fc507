package dev.baton.scheduler.os;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CpuSetTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "0 | 0",
        "0-3,6 | 0-3,6",
        "6,0,1,2,3 | 0-3,6",
        "0 , 2 | 0,2",
        "0-1,1-2 | 0-2",
        "8190-8191 | 8190-8191"
      })
  void shouldParseTheKernelsListFormatAndWriteIt(String text, String canonical) {
    CpuSet cpus = CpuSet.parse(text);

    assertThat(cpus).hasToString(canonical).isEqualTo(CpuSet.parse(canonical));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "\"\" | '' is not a CPU number or range; write for example 0-3,6",
        "0,,1 | '' is not a CPU number",
        "0,x-3 | 'x-3' is not a CPU number or range; write for example 0-3,6",
        "1-2-3 | '1-2-3' is not a CPU number",
        "-1 | '-1' is not a CPU number",
        "0,5-2 | the range '5-2' runs backwards; write it low-high",
        "0-8192 | CPU 8192 is outside 0..8191",
        "99999999999 | '99999999999' is not a CPU number"
      })
  void shouldNameThePartAtFaultAndTheRemedy(String text, String complaint) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> CpuSet.parse(text))
        .withMessageStartingWith("cpus=" + text + ": ")
        .withMessageContaining(complaint);
  }

  @Test
  void shouldIntersectAndKeepItsMembersToItself() {
    CpuSet cpus = CpuSet.parse("0-3");

    cpus.toBitSet().clear();

    assertThat(cpus.and(CpuSet.parse("2-5"))).isEqualTo(CpuSet.of(2, 3));
    assertThat(cpus.and(CpuSet.of(9)).isEmpty()).isTrue();
    assertThat(cpus.size()).isEqualTo(4);
    assertThat(cpus.contains(4)).isFalse();
  }
}
