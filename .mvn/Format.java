import com.google.googlejavaformat.java.Main;

/**
 * Holds the Java sources of the working directory to google-java-format. The build runs this file
 * on its own JDK with the formatter on the class path: the JVM that runs Maven may be too old to
 * parse them.
 *
 * <p>Arguments: {@code check} or {@code apply}, and a stamp file. Sources older than the stamp have
 * passed before and are not read again.
 */
void main(String... args) throws Exception {
  var apply = args[0].equals("apply");
  var stamp = new File(args[1]);
  var started = System.currentTimeMillis();
  var options = apply ? List.of("--replace") : List.of("--dry-run", "--set-exit-if-changed");
  var command = new ArrayList<>(options);
  command.addAll(sourcesChangedSince(stamp.lastModified()));
  if (command.size() > options.size()) {
    var formatter =
        new Main(new PrintWriter(System.out, true), new PrintWriter(System.err, true), System.in);
    if (formatter.format(command.toArray(String[]::new)) != 0) {
      System.err.println("Sources above are not formatted. Remedy: mvn -N verify -Dformat=apply");
      System.exit(1);
    }
  }
  stamp.getParentFile().mkdirs();
  stamp.createNewFile();
  stamp.setLastModified(started);
}

List<String> sourcesChangedSince(long millis) throws IOException {
  var sources = new ArrayList<String>();
  Files.walkFileTree(
      Path.of(""),
      new SimpleFileVisitor<>() {
        @Override
        public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) {
          var name = directory.getFileName().toString();
          var skipped = name.equals("target") || name.equals("node_modules") || name.equals(".git");
          return skipped ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
        }

        @Override
        public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
          if (file.toString().endsWith(".java")
              && attributes.lastModifiedTime().toMillis() >= millis) {
            sources.add(file.toString());
          }
          return FileVisitResult.CONTINUE;
        }
      });
  return sources;
}
