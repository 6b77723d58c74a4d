// What glog's sources ask their configure step for: Linux or Android with GCC or clang.

#ifndef XNNKIT_GLOG_CONFIG_H_
#define XNNKIT_GLOG_CONFIG_H_

#define GOOGLE_NAMESPACE google
#define _START_GOOGLE_NAMESPACE_ namespace google {
#define _END_GOOGLE_NAMESPACE_ }

#define GLOG_CUSTOM_PREFIX_SUPPORT
#define HAVE_CXX11_NULLPTR_T
#define HAVE_PREAD
#define HAVE_PTHREAD
#define HAVE_SIGACTION
#define HAVE_STDINT_H
#define HAVE_SYS_SYSCALL_H
#define HAVE_SYS_TIME_H
#define HAVE_SYS_UTSNAME_H
#define HAVE_UNISTD_H
#define HAVE_UNWIND_H
#define HAVE___ATTRIBUTE__

#endif  // XNNKIT_GLOG_CONFIG_H_
