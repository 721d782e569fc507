package dev.baton.loadgen.values;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.commons.csv.CSVFormat;
import org.jspecify.annotations.Nullable;

/** Rows of named values: request number n takes row n, from the first again after the last. */
public final class Feed {
  private final Map<String, Integer> columns;
  private final List<String[]> rows;

  private Feed(Map<String, Integer> columns, List<String[]> rows) {
    this.columns = columns;
    this.rows = rows;
  }

  /**
   * Reads comma-separated values (RFC 4180, UTF-8) whose first line names the columns.
   *
   * @throws IllegalArgumentException naming the file and what is wrong in it
   */
  public static Feed csv(Path file) {
    var format =
        CSVFormat.RFC4180
            .builder()
            .setHeader()
            .setSkipHeaderRecord(true)
            .setIgnoreEmptyLines(true)
            .get();
    try (var reader = Files.newBufferedReader(file);
        var parser = format.parse(reader)) {
      var columns = new LinkedHashMap<String, Integer>();
      parser.getHeaderMap().forEach((name, index) -> columns.put(name.strip(), index));
      var rows = new ArrayList<String[]>();
      for (var line : parser) {
        if (line.size() != columns.size()) {
          throw new IllegalArgumentException(
              "--feed %s: record %d has %d values, the first line names %d columns"
                  .formatted(file, line.getRecordNumber(), line.size(), columns.size()));
        }
        rows.add(line.values());
      }
      if (rows.isEmpty()) {
        throw new IllegalArgumentException("--feed " + file + ": has no row below its first line");
      }
      return new Feed(columns, rows);
    } catch (UncheckedIOException | IOException e) {
      throw new IllegalArgumentException(
          "--feed " + file + ": cannot be read as CSV: " + e.getMessage(), e);
    }
  }

  /** The names of its columns. */
  public Set<String> columns() {
    return columns.keySet();
  }

  /** How many rows it has. */
  public int size() {
    return rows.size();
  }

  /**
   * A value of the row that request number {@code ordinal} takes; null if no column has the name.
   */
  public @Nullable String get(String name, long ordinal) {
    var column = columns.get(name);
    return column == null ? null : rows.get((int) (ordinal % rows.size()))[column];
  }

  /** What request number {@code ordinal} takes from several feeds. */
  public static Values row(List<Feed> feeds, long ordinal) {
    return name -> {
      for (var feed : feeds) {
        var value = feed.get(name, ordinal);
        if (value != null) {
          return value;
        }
      }
      return null;
    };
  }
}
