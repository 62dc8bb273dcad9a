/* A folder for what a bench writes. */
#ifndef BENCH_FOLDER_H
#define BENCH_FOLDER_H

/* Removes the folder and the files in it. */
void folder_remove(const char *path);

#endif
