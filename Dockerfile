# The demo service: built, cut to size and trained in the first stage; run by nobody in particular in
# the second, which needs a C library and nothing else (any base with glibc will do, a distroless one
# too: nothing here asks for a shell).
#
#   docker build -t baton .
#   docker run --security-opt seccomp=docs/deploy/seccomp.json -p 8080:8080 baton
ARG BUILD=maven:3-eclipse-temurin-25
ARG RUN=debian:bookworm-slim

FROM ${BUILD} AS build
WORKDIR /src
COPY . .
RUN mvn -B -ntp -q package -DskipTests -pl server -am
RUN jlink \
      --add-modules java.base,java.logging,java.management,java.naming,java.net.http,java.xml,jdk.crypto.ec,jdk.jfr,jdk.management,jdk.net,jdk.unsupported,jdk.zipfs \
      --strip-debug --no-man-pages --no-header-files --generate-cds-archive \
      --output /opt/baton/java
# The cache fits this Java and this jar, at this path.
RUN cp server/target/baton-server.jar /opt/baton/ \
 && java .mvn/Train.java /opt/baton/baton-server.jar /opt/baton/baton.aot /opt/baton/java/bin/java \
 && rm -f /opt/baton/baton.aot.config

FROM ${RUN}
COPY --from=build /opt/baton /opt/baton
USER 10001:10001
EXPOSE 8080 9090
ENTRYPOINT ["/opt/baton/java/bin/java", \
  "-XX:AOTCache=/opt/baton/baton.aot", "-Xlog:aot=off", "-Xlog:cds=off", \
  "-XX:+ExitOnOutOfMemoryError", "-XX:MaxRAMPercentage=70", \
  "-jar", "/opt/baton/baton-server.jar"]
CMD ["serve", "--host=0.0.0.0", "--management-host=0.0.0.0", "--log=json"]
