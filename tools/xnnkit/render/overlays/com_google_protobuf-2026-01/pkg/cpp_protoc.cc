// protoc with the C++ generator alone: the other ten languages are most of what upstream's compiles.

#include "google/protobuf/compiler/command_line_interface.h"
#include "google/protobuf/compiler/cpp/generator.h"

int main(int argc, char* argv[]) {
  google::protobuf::compiler::cpp::CppGenerator generator;
  google::protobuf::compiler::CommandLineInterface protoc;
  protoc.RegisterGenerator("--cpp_out", "--cpp_opt", &generator, "Write C++ header and source.");
  return protoc.Run(argc, argv);
}
