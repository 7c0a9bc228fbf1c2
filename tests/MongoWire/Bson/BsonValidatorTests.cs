using Backup.Foundation.Errors;
using Backup.MongoWire.Bson;
using Shouldly;
using Xunit;

namespace Backup.Tests.MongoWire.Bson;

public class BsonValidatorTests
{
    private static readonly BsonDocument Small = BsonDocument.Build(writer => writer.Int32("a"u8, 1));

    [Fact]
    public void A_buffer_of_documents_is_counted_and_each_is_given_with_its_bounds()
    {
        byte[] buffer = [.. Small.Span, .. BsonDocument.Empty.Span, .. Small.Span];
        BsonValidator.ValidateAll(buffer).ShouldBe(3);
        BsonValidator.ValidateAll([]).ShouldBe(0);
        var bounds = new List<(int, int)>();
        var walk = new BsonSequence(buffer).GetEnumerator();
        while (walk.MoveNext())
        {
            bounds.Add((walk.Offset, walk.Current.Length));
        }

        bounds.ShouldBe([(0, 12), (12, 5), (17, 12)]);
    }

    [Fact]
    public void An_error_names_its_offset_in_the_whole_buffer()
    {
        byte[] buffer = [.. Small.Span, .. Small.Span];
        buffer[12 + 4] = 0x7e;
        Error(() => BsonValidator.ValidateAll(buffer), 2001).Message.ShouldContain("at byte 16");
        byte[] cut = [.. Small.Span, 12, 0, 0];
        Error(() => BsonValidator.ValidateAll(cut), 2001).Message.ShouldContain("at byte 12");
        Error(() => new BsonSequence(cut).Count(), 2001).Message.ShouldContain("at byte 12");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(200)]
    [InlineData(1000)]
    public void Nesting_is_allowed_up_to_the_limit_and_not_beyond(int depth)
    {
        var limits = new BsonLimits { Depth = depth };
        BsonValidator.Validate(Nested(depth).Span, limits);
        Error(() => BsonValidator.Validate(Nested(depth + 1).Span, limits), 2002);
    }

    [Fact]
    public void Length_is_allowed_up_to_the_limit_and_not_beyond()
    {
        BsonValidator.Validate(Small.Span, new BsonLimits { Length = 12 });
        Error(() => BsonValidator.Validate(Small.Span, new BsonLimits { Length = 11 }), 2002);
    }

    [Fact]
    public void As_stored_keeps_odd_content_and_strict_refuses_it()
    {
        BsonDocument[] odd =
        [
            BsonDocument.Build(writer => writer.String("a"u8, [0xff])),
            BsonDocument.Build(writer => writer.Int32([0xff], 1)),
            BsonDocument.Build(writer => writer.RegularExpression("a"u8, [0xc3], [])),
            BsonDocument.Build(writer => writer.Raw("a"u8, BsonType.Boolean, [2])),
            BsonDocument.Build(writer => writer.Raw("a"u8, BsonType.Binary, [4, 0, 0, 0, 2, 9, 0, 0, 0])),
        ];
        foreach (var document in odd)
        {
            BsonValidator.Validate(document.Span, BsonLimits.AsStored);
            Should.Throw<BackupException>(() => BsonValidator.Validate(document.Span)).Number.ShouldBeOneOf(2001, 2003);
        }
    }

    [Fact]
    public void A_wrong_inner_length_of_old_binary_data_leaves_the_payload_whole()
    {
        byte[] value = [4, 0, 0, 0, 2, 9, 0, 0, 0];
        var document = BsonDocument.Build(writer => writer.Raw("a"u8, BsonType.Binary, value));
        document.View.First.AsBinary.ToArray().ShouldBe(value[5..]);
    }

    [Fact]
    public void A_name_with_a_zero_inside_cannot_smuggle_another_element_in() =>
        Error(() => BsonDocument.Build(writer => writer.Int32("a\0b"u8, 1)), 2001);

    private static BsonDocument Nested(int depth)
    {
        var document = BsonDocument.Empty;
        for (var level = 1; level < depth; level++)
        {
            var inner = document;
            document = BsonDocument.Build(writer => writer.Document("a"u8, inner));
        }

        return document;
    }

    private static BackupException Error(Action action, int number)
    {
        var error = Should.Throw<BackupException>(action);
        error.Number.ShouldBe(number);
        return error;
    }
}
