#include "unit/copy/row_packer.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace dm::copy {
namespace {

constexpr std::size_t kPacket = 4UL << 20U;

class RowPackerTest : public testing::Test {
  protected:
    RowPackerTest() {
        job_.source = {"s", "t"};
        job_.target = {"s", "t"};
        job_.shape.columns = {{.name = "id", .kind = CellKind::Number, .select_expression = "`id`"},
                              {.name = "b", .kind = CellKind::Bytes, .select_expression = "`b`"}};
        job_.shape.key = {{.name = "id", .kind = CellKind::Number, .select_expression = "`id`"}};
        packer_.emplace(job_, target::WriteMode::Insert, 1000, kPacket);
    }

    std::optional<Held> pack(std::string_view id, std::string_view bytes, std::size_t* cost = nullptr) {
        const std::vector<sql::Cell> row = {id, bytes};
        std::optional<Held> complete;
        if (!packer_->fits(row)) complete = packer_->take();
        if (!packer_->is_begun()) {
            const std::size_t needed = packer_->cost(row);
            if (cost != nullptr) *cost = needed;
            packer_->begin(std::move(*budget_.take(needed, {})));
        }
        packer_->add(row);
        return complete;
    }

    TableJob job_;
    ByteBudget budget_{16UL << 20U};
    std::optional<RowPacker> packer_;
};

TEST_F(RowPackerTest, AStatementHoldsWhatItsTextTakes) {
    EXPECT_FALSE(pack("1", "a").has_value());
    EXPECT_GE(budget_.held(), 1000U) << "room for a whole statement";
    EXPECT_FALSE(pack("2", "b").has_value());
    auto held = packer_->take();
    ASSERT_TRUE(held.has_value());
    EXPECT_EQ(held->statement.text(), "INSERT        INTO `s`.`t` (`id`,`b`) VALUES (1,x'61'),(2,x'62')");
    EXPECT_EQ(budget_.held(), held->statement.text().size());
    held.reset();
    EXPECT_EQ(budget_.held(), 0U);
    EXPECT_FALSE(packer_->take().has_value());
}

TEST_F(RowPackerTest, AVectorIsBytesOrTextAsTheTargetWantsIt) {
    const std::string vector("\0\0\x80\x3f\0\0\x20\xc0", 8);
    const auto packed = [&](CellKind kind) {
        job_.shape.columns[1].kind = kind;
        packer_.emplace(job_, target::WriteMode::Insert, 1000, kPacket);
        (void)pack("1", vector);
        return std::string(packer_->take()->statement.text());
    };
    EXPECT_EQ(packed(CellKind::Vector), "INSERT        INTO `s`.`t` (`id`,`b`) VALUES (1,x'0000803f000020c0')");
    EXPECT_EQ(packed(CellKind::VectorText), "INSERT        INTO `s`.`t` (`id`,`b`) VALUES (1,'[1,-2.5]')");
    EXPECT_GE(literal_bytes(vector, CellKind::VectorText), std::string_view("-3.4028235e+38,-3.4028235e+38,").size());
}

TEST_F(RowPackerTest, ALargeRowIsAloneAndItsCostIsNeverTooSmall) {
    (void)pack("1", "a");
    std::string large(1UL << 20U, 'x');
    for (std::size_t i = 0; i < large.size(); i += 3) large[i] = '\0';
    std::size_t cost = 0;
    const auto before = pack("2", large, &cost);
    ASSERT_TRUE(before.has_value()) << "what was there goes first";
    const auto held = packer_->take();
    EXPECT_GE(cost, held->statement.text().size());
    EXPECT_LT(cost, held->statement.text().size() + 200) << "counted, not guessed";
}

TEST_F(RowPackerTest, ARowLargerThanAPacketIsRefusedWithItsKey) {
    const std::string large(kPacket, 'x');
    try {
        (void)pack("4711", large);
        FAIL() << "no statement can hold it";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::CopyPlan);
        const std::string text = error.what();
        EXPECT_NE(text.find("`s`.`t` with `id` = 4711"), std::string::npos) << text;
        EXPECT_NE(text.find("Set max_allowed_packet of the target to at least 5242880"), std::string::npos) << text;
    }
}

}  // namespace
}  // namespace dm::copy
