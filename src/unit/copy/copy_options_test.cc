#include "unit/copy/copy_options.h"

#include <gtest/gtest.h>

namespace dm::copy {
namespace {

TEST(CopyOptions, WhatBoundsADumpFileBoundsAChunk) {
    config::SubTaskConfig subtask;
    const CopyOptions defaults = copy_options(subtask);
    EXPECT_EQ(defaults.chunk_bytes, 8UL << 20U) << "64 MiB of a file are no reason for larger chunks";
    EXPECT_EQ(defaults.chunk_rows, 1'000'000U);
    subtask.dump.chunk_filesize = "256k";
    subtask.dump.rows = 5000;
    EXPECT_EQ(copy_options(subtask).chunk_bytes, 256UL << 10U);
    EXPECT_EQ(copy_options(subtask).chunk_rows, 5000U);
    subtask.dump.chunk_filesize = "0";
    EXPECT_GT(copy_options(subtask).chunk_bytes, 0U);
}

}  // namespace
}  // namespace dm::copy
