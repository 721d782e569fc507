package dev.baton.loadgen.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;

/**
 * What a command writes at its end. The files are tried before anything is sent; in the end each is
 * written whatever became of the others. {@code -} is standard output: what is for people then goes
 * to standard error.
 */
final class Output {
  private static final String STANDARD = "-";

  private final CommandLine commandLine;
  private final List<String> problems = new ArrayList<>();
  private boolean standard;

  /** Makes the content of a file. */
  @FunctionalInterface
  interface Content {
    String get();
  }

  /** Writes one or more files. */
  @FunctionalInterface
  interface Writing {
    void run() throws IOException;
  }

  Output(CommandLine commandLine) {
    this.commandLine = commandLine;
  }

  /**
   * Makes sure that a file can be written, without touching what is in it.
   *
   * @param option that names it, for errors
   * @throws IllegalArgumentException if it cannot be
   */
  void expect(String option, @Nullable String file) {
    if (file == null) {
      return;
    }
    if (file.equals(STANDARD)) {
      if (standard) {
        throw new IllegalArgumentException(option + " -: only one output can be standard output");
      }
      standard = true;
      return;
    }
    try {
      var path = Path.of(file);
      boolean there = Files.exists(path);
      Files.newOutputStream(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE).close();
      if (!there) {
        Files.delete(path);
      }
    } catch (IOException e) {
      throw new IllegalArgumentException(cannotWrite(option, file, e), e);
    }
  }

  private static String cannotWrite(String option, String file, IOException e) {
    String why =
        e instanceof NoSuchFileException
            ? "there is no directory " + Path.of(file).toAbsolutePath().getParent() + "; create it"
            : e.getMessage() + " (" + e.getClass().getSimpleName() + ")";
    return option + " " + file + ": cannot be written: " + why;
  }

  /** Where to write for people. */
  PrintWriter people() {
    return standard ? commandLine.getErr() : commandLine.getOut();
  }

  /** Writes a file, if one was asked for. A failure is told by {@link #problems}. */
  void write(String option, @Nullable String file, Content content) {
    if (file == null) {
      return;
    }
    if (file.equals(STANDARD)) {
      commandLine.getOut().println(content.get());
      commandLine.getOut().flush();
    } else {
      attempt(option, file, () -> Files.writeString(Path.of(file), content.get()));
    }
  }

  /** Writes what is named by an option. A failure is told by {@link #problems}. */
  void attempt(String option, String file, Writing writing) {
    try {
      writing.run();
    } catch (IOException e) {
      problems.add(cannotWrite(option, file, e));
    }
  }

  /** Prints what could not be written; whether there was anything. */
  boolean problems() {
    problems.forEach(problem -> commandLine.getErr().println("error: " + problem));
    return !problems.isEmpty();
  }
}
