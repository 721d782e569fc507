package dev.baton.loadgen.peers;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The one module that knows both the load generator and the servers keeps them apart. */
@AnalyzeClasses(packages = "dev.baton", importOptions = DoNotIncludeTests.class)
final class DependenciesTest {
  private static final String[] BATON = {
    "dev.baton.scheduler..", "dev.baton.stages..", "dev.baton.server.."
  };

  @ArchTest
  static final ArchRule theLoadGeneratorKnowsNoServer =
      noClasses()
          .that()
          .resideInAPackage("dev.baton.loadgen..")
          .and()
          .resideOutsideOfPackage("dev.baton.loadgen.peers..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(BATON);

  @ArchTest
  static final ArchRule batonKnowsNoLoadGenerator =
      noClasses()
          .that()
          .resideInAnyPackage(BATON)
          .should()
          .dependOnClassesThat()
          .resideInAPackage("dev.baton.loadgen..");

  @ArchTest
  static final ArchRule theSharedServiceKnowsNoServer =
      noClasses()
          .that()
          .resideInAPackage("dev.baton.loadgen.peers.service..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("io..", "dev.baton.server..", "dev.baton.loadgen.peers.server..");
}
