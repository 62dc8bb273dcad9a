#include "tests/bench/folder.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <unistd.h>

void folder_remove(const char *path) {
  DIR *folder = opendir(path);
  cr_assert_not_null(folder, "%s", path);
  for (struct dirent *entry; (entry = readdir(folder));)
    unlinkat(dirfd(folder), entry->d_name, 0); /* of "." and ".." it is refused */
  closedir(folder);
  cr_expect_eq(rmdir(path), 0, "%s", path);
}
