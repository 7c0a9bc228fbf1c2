using Backup.Foundation.Errors;
using Backup.MongoWire.Bson;
using Backup.Oplog;
using Shouldly;
using Xunit;

namespace Backup.Tests.Oplog;

public sealed class DocumentUpdateTests
{
    [Theory]
    // Fields that $set creates are appended, those it changes keep their place.
    [InlineData("""{"_id":1,"a":1,"b":2}""", """{"$v":1,"$set":{"c":3,"a":9}}""", """{"_id":1,"a":9,"b":2,"c":3}""")]
    [InlineData("""{"_id":1,"a":1,"b":2}""", """{"$set":{"b":3},"$unset":{"a":true}}""", """{"_id":1,"b":3}""")]
    [InlineData("""{"_id":1}""", """{"$v":1,"$set":{"z.y.x":1,"z.y.w":2}}""", """{"_id":1,"z":{"y":{"x":1,"w":2}}}""")]
    // A numeric part is an index of an array, padded with null, and a field name of a document.
    [InlineData("""{"a":[1]}""", """{"$v":1,"$set":{"a.3":4}}""", """{"a":[1,null,null,4]}""")]
    [InlineData("""{"a":[1]}""", """{"$v":1,"$set":{"a.3":4,"a.2":3,"a.0":0}}""", """{"a":[0,null,3,4]}""")]
    [InlineData("""{"a":{}}""", """{"$v":1,"$set":{"a.3":4}}""", """{"a":{"3":4}}""")]
    [InlineData("""{"a":[{"k":1}]}""", """{"$v":1,"$set":{"a.2.v":1}}""", """{"a":[{"k":1},null,{"v":1}]}""")]
    [InlineData("""{"a":[1,2]}""", """{"$v":1,"$unset":{"a.0":true,"a.7":true,"a.8.x":true}}""", """{"a":[null,2]}""")]
    // What cannot be followed changes nothing.
    [InlineData("""{"a":1}""", """{"$v":1,"$set":{"a.b":1}}""", """{"a":1}""")]
    [InlineData("""{"a":null}""", """{"$v":1,"$set":{"a.b":1,"c":1}}""", """{"a":null,"c":1}""")]
    [InlineData("""{"a":[1]}""", """{"$v":1,"$set":{"a.b":1}}""", """{"a":[1]}""")]
    [InlineData("""{"a":1}""", """{"$v":1,"$unset":{"b.c":true}}""", """{"a":1}""")]
    [InlineData("""{"a":1}""", """{"$v":1,"$set":{"":2}}""", """{"a":1,"":2}""")]
    public void Modifiers_change_a_document_as_the_server_does(string document, string update, string expected) =>
        Apply(document, update).ShouldBe(expected);

    [Theory]
    [InlineData("""{"a":1,"b":2,"c":3}""", """{"d":{"a":false},"u":{"c":4},"i":{"d":5}}""", """{"b":2,"c":4,"d":5}""")]
    // Applied again: an inserted field moves to the end, an updated one that is gone is appended before the inserted ones.
    [InlineData("""{"d":1,"b":2}""", """{"u":{"c":4},"i":{"d":5}}""", """{"b":2,"c":4,"d":5}""")]
    [InlineData("""{"a":{"x":1}}""", """{"sa":{"u":{"x":2},"i":{"y":3}}}""", """{"a":{"x":2,"y":3}}""")]
    [InlineData("""{"a":1}""", """{"sa":{"u":{"x":2}}}""", """{"a":null}""")]
    [InlineData("""{"a":[1]}""", """{"sa":{"u":{"x":2}}}""", """{"a":null}""")]
    [InlineData("""{"b":1}""", """{"sa":{"u":{"x":2}}}""", """{"b":1}""")]
    [InlineData("""{"a":[1,2,3]}""", """{"sa":{"a":true,"l":2,"u0":9}}""", """{"a":[9,2]}""")]
    [InlineData("""{"a":[1]}""", """{"sa":{"a":true,"u3":4}}""", """{"a":[1,null,null,4]}""")]
    [InlineData("""{"a":[1]}""", """{"sa":{"a":true,"l":3}}""", """{"a":[1,null,null]}""")]
    [InlineData(
        """{"a":[1,{"b":1}]}""",
        """{"sa":{"a":true,"s0":{"u":{"b":2}},"s1":{"u":{"b":2}},"s2":{"u":{"b":2}}}}""",
        """{"a":[null,{"b":2},null]}"""
    )]
    [InlineData("""{"a":[[1,2]]}""", """{"sa":{"a":true,"s0":{"a":true,"u1":3}}}""", """{"a":[[1,3]]}""")]
    // The name behind the s may be empty, or hold dots and dollars.
    [InlineData(
        """{"":{"x":1},"a.$b":{"x":1}}""",
        """{"s":{"u":{"x":2}},"sa.$b":{"u":{"x":3}}}""",
        """{"":{"x":2},"a.$b":{"x":3}}"""
    )]
    [InlineData(
        """{"a":{"$binary":{"base64":"AAECAw==","subType":"07"}}}""",
        """{"b":{"a":{"o":2,"d":{"$binary":{"base64":"CQgH","subType":"07"}}}}}""",
        """{"a":{"$binary":{"base64":"AAEJCAc=","subType":"07"}}}"""
    )]
    public void Diffs_change_a_document_as_the_server_does(string document, string diff, string expected) =>
        Apply(document, "{\"$v\":2,\"diff\":" + diff + "}").ShouldBe(expected);

    [Theory]
    [InlineData("""{"$v":3,"diff":{}}""", OplogErrors.MalformedUpdate)]
    [InlineData("""{"$v":1,"$push":{"a":1}}""", OplogErrors.MalformedUpdate)]
    [InlineData("""{"$v":1,"$set":{"a":1,"a.b":2}}""", OplogErrors.MalformedUpdate)]
    [InlineData("""{"$v":2,"diff":{"x":{"a":1}}}""", OplogErrors.MalformedUpdate)]
    [InlineData("""{"$v":2,"diff":{"u":{"a":1},"d":{"a":false}}}""", OplogErrors.MalformedUpdate)]
    [InlineData("""{"$v":2,"diff":{"sa":{"a":true,"u3":1,"u2":1}}}""", OplogErrors.MalformedUpdate)]
    [InlineData("""{"$v":2,"diff":{"sa":{"a":true,"l":2,"u2":1}}}""", OplogErrors.MalformedUpdate)]
    [InlineData("""{"$v":2,"diff":{"sa":{"a":true,"l":99999999}}}""", OplogErrors.ArrayTooLong)]
    [InlineData("""{"$v":1,"$set":{"a.99999999999":1}}""", OplogErrors.ArrayTooLong)]
    public void A_malformed_update_is_a_numbered_error(string update, int number) =>
        Should.Throw<BackupException>(() => Apply("""{"a":[1]}""", update)).Number.ShouldBe(number);

    [Fact]
    public void Nesting_is_bounded()
    {
        var path = string.Join('.', Enumerable.Repeat("a", 300));
        Should
            .Throw<BackupException>(() => Apply("{}", "{\"$set\":{\"" + path + "\":1}}"))
            .Number.ShouldBe(OplogErrors.TooDeep);
    }

    [Fact]
    public void An_update_of_many_fields_is_found_by_hash()
    {
        var fields = Enumerable.Range(0, 5000).Select(i => $"\"f{i}\":{i}");
        var changed = Enumerable.Range(0, 5000).Select(i => $"\"f{i}\":{i + 1}").ToList();
        var expected = "{" + string.Join(',', changed) + "}";

        Apply(
                "{" + string.Join(',', fields) + "}",
                "{\"$set\":{" + string.Join(',', changed.AsEnumerable().Reverse()) + "}}"
            )
            .ShouldBe(expected);
    }

    [Fact]
    public void An_upsert_of_a_missing_document_takes_its_id_and_shard_key()
    {
        using var writer = new BsonWriter();
        DocumentUpdate.ApplyToMissing(
            ExtendedJson.Parse("""{"k.x":7,"_id":1}""").View,
            ExtendedJson.Parse("""{"$v":1,"$set":{"a":1}}""").View,
            writer
        );

        ExtendedJson.ToText(writer.ToDocument().View).ShouldBe("""{"_id":1,"k":{"x":7},"a":1}""");
    }

    private static string Apply(string document, string update)
    {
        using var writer = new BsonWriter();
        DocumentUpdate.Apply(ExtendedJson.Parse(document).View, ExtendedJson.Parse(update).View, writer);
        var changed = writer.ToDocument();
        BsonValidator.Validate(changed.Span);
        return ExtendedJson.ToText(changed.View);
    }
}
