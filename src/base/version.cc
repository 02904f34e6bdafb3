#include "base/version.h"

#include <fmt/format.h>

#ifndef DM_GIT_HASH
#define DM_GIT_HASH "None"
#endif
#ifndef DM_GIT_BRANCH
#define DM_GIT_BRANCH "None"
#endif
#ifndef DM_BUILD_TIME
#define DM_BUILD_TIME "None"
#endif

namespace dm {

std::string version_text() {
    return fmt::format(
        "Release Version: {}\nGit Commit Hash: {}\nGit Branch: {}\nUTC Build Time: {}\nGo Version: None\nFailpoint "
        "Build: false\n",
        kReleaseVersion, DM_GIT_HASH, DM_GIT_BRANCH, DM_BUILD_TIME);
}

}  // namespace dm
