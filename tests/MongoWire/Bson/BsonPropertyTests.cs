using Backup.Foundation.Errors;
using Backup.MongoWire.Bson;
using FsCheck;
using FsCheck.Fluent;
using Shouldly;
using Xunit;

namespace Backup.Tests.MongoWire.Bson;

/// <summary>What holds for every document, and for every damage to one.</summary>
public class BsonPropertyTests
{
    [Fact]
    public void Every_document_is_valid_and_survives_canonical_extended_json() =>
        ForSeeds(seed =>
        {
            var document = new RandomBson(seed).Document();
            BsonValidator.Validate(document.Span);
            var json = ExtendedJson.ToText(document.View, ExtendedJsonMode.Canonical);
            ExtendedJson.Parse(json).ShouldBe(document, json);
        });

    [Fact]
    public void Relaxed_extended_json_reads_back_to_an_equal_document_where_no_decimal_or_range_is_lost() =>
        ForSeeds(seed =>
        {
            var document = new RandomBson(seed).Document();
            var relaxed = ExtendedJson.ToText(document.View);
            var again = ExtendedJson.ToText(ExtendedJson.Parse(relaxed).View);
            again.ShouldBe(relaxed);
            BsonOrder.CompareDocuments(ExtendedJson.Parse(relaxed).View, document.View).ShouldBe(0, relaxed);
        });

    [Fact]
    public void Damaged_bytes_end_in_a_numbered_error_or_are_a_document_that_can_be_walked() =>
        ForSeeds(seed =>
        {
            var random = new Random(seed);
            var bytes = new RandomBson(seed).Document().Span.ToArray();
            for (var damage = 0; damage < 20; damage++)
            {
                var damaged = (byte[])bytes.Clone();
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
                damaged = damage % 4 == 0 ? damaged[..random.Next(damaged.Length)] : damaged;
                var valid = Passes(() => BsonValidator.Validate(damaged));
                var walked = Passes(() => WalkAll(new BsonView(damaged)));
                var written = Passes(() => ExtendedJson.ToText(new BsonView(damaged)));
                (valid && !(walked && written)).ShouldBeFalse($"seed {seed}: valid, yet it cannot be walked");
            }
        });

    [Fact]
    public void No_prefix_of_a_document_is_a_document() =>
        ForSeeds(seed =>
        {
            var bytes = new RandomBson(seed).Document().Span.ToArray();
            for (var length = 0; length < bytes.Length; length++)
            {
                Passes(() => BsonValidator.Validate(bytes.AsSpan(0, length))).ShouldBeFalse();
            }
        });

    [Fact]
    public void The_order_is_total()
    {
        var values = Enumerable.Range(0, 300).Select(seed => new RandomBson(seed).SingleValue()).ToArray();
        var order = new int[values.Length, values.Length];
        for (var i = 0; i < values.Length; i++)
        {
            for (var j = 0; j < values.Length; j++)
            {
                order[i, j] = Math.Sign(BsonOrder.CompareValues(values[i].View.First, values[j].View.First));
            }
        }

        for (var i = 0; i < values.Length; i++)
        {
            order[i, i].ShouldBe(0);
            for (var j = 0; j < values.Length; j++)
            {
                order[i, j].ShouldBe(-order[j, i]);
                for (var k = 0; k < values.Length; k++)
                {
                    if (order[i, j] <= 0 && order[j, k] <= 0 && order[i, k] > 0)
                    {
                        Assert.Fail(
                            $"{Text(values[i])} <= {Text(values[j])} <= {Text(values[k])}, yet the first is greater"
                        );
                    }
                }
            }
        }
    }

    private static string Text(BsonDocument document) => ExtendedJson.ToText(document.View, ExtendedJsonMode.Canonical);

    private static void ForSeeds(Action<int> property) =>
        Prop.ForAll(RandomBson.Seeds, property)
            .Check(Config.QuickThrowOnFailure.WithMaxTest(1000).WithEndSize(int.MaxValue));

    private static bool Passes(Action action)
    {
        try
        {
            action();
            return true;
        }
        catch (BackupException error)
        {
            error.Number.ShouldBeInRange(2001, 2003);
            return false;
        }
    }

    private static void WalkAll(BsonView document)
    {
        foreach (var element in document)
        {
            element.Whole.Length.ShouldBe(element.Name.Length + element.Value.Length + 2);
            if (element.Type is BsonType.Document or BsonType.Array)
            {
                WalkAll(element.AsDocument);
            }
        }
    }
}
