using System.Text.Json.Nodes;
using Backup.Foundation.Errors;
using Backup.MongoWire.Bson;
using Shouldly;
using Xunit;
using Xunit.Abstractions;

namespace Backup.Tests.MongoWire.Bson;

/// <summary>The whole BSON corpus of the driver specifications, each assertion of its runner's rules.</summary>
public class BsonCorpusTests(ITestOutputHelper log)
{
    public static TheoryData<string> Valid => Names(BsonCorpus.Valid);

    public static TheoryData<string> DecodeErrors => Names(BsonCorpus.DecodeErrors);

    public static TheoryData<string> ParseErrors => Names(BsonCorpus.ParseErrors);

    [Theory]
    [MemberData(nameof(Valid))]
    public void A_valid_document_passes_and_goes_through_extended_json(string name)
    {
        var one = Find(BsonCorpus.Valid, name);
        BsonValidator.Validate(one.Bson);
        ShouldBeJson(Canonical(one.Bson), one.Json);
        var back = ExtendedJson.Parse(one.Json);
        BsonValidator.Validate(back.Span);
        if (!one.Lossy)
        {
            Hex(back.Span).ShouldBe(Hex(one.Bson));
            Hex(Copied(one.Bson).Span).ShouldBe(Hex(one.Bson));
        }

        ShouldBeJson(Canonical(back.Span), one.Json);
        BsonOrder.CompareDocuments(back.View, new BsonView(one.Bson)).ShouldBe(0);
    }

    [Theory]
    [MemberData(nameof(Valid))]
    public void A_valid_document_has_its_relaxed_form(string name)
    {
        var one = Find(BsonCorpus.Valid, name);
        var written = ExtendedJson.ToText(new BsonView(one.Bson), ExtendedJsonMode.Relaxed);
        // What has no relaxed form of its own has relaxed numbers inside at the most; it must be read back.
        var expected = one.RelaxedJson ?? written;
        ShouldBeJson(written, expected);
        ShouldBeJson(ExtendedJson.ToText(ExtendedJson.Parse(expected).View, ExtendedJsonMode.Relaxed), expected);
    }

    [Theory]
    [MemberData(nameof(Valid))]
    public void Degenerate_forms_become_canonical(string name)
    {
        var one = Find(BsonCorpus.Valid, name);
        if (one.DegenerateBson is { } bytes)
        {
            BsonValidator.Validate(bytes);
            ShouldBeJson(Canonical(bytes), one.Json);
            Hex(ExtendedJson.Parse(Canonical(bytes)).Span).ShouldBe(Hex(one.Bson));
        }

        if (one.DegenerateJson is { } json)
        {
            var parsed = ExtendedJson.Parse(json);
            ShouldBeJson(Canonical(parsed.Span), one.Json);
            if (!one.Lossy)
            {
                Hex(parsed.Span).ShouldBe(Hex(one.Bson));
            }
        }
    }

    [Theory]
    [MemberData(nameof(DecodeErrors))]
    public void Damaged_bytes_are_refused(string name)
    {
        var one = Find(BsonCorpus.DecodeErrors, name);
        Should.Throw<BackupException>(() => BsonValidator.Validate(one.Bson)).Number.ShouldBeInRange(2001, 2003);
    }

    [Theory]
    [MemberData(nameof(ParseErrors))]
    public void Text_that_is_no_document_is_refused(string name)
    {
        var one = Find(BsonCorpus.ParseErrors, name);
        if (one.File.StartsWith("decimal128", StringComparison.Ordinal))
        {
            Decimal128.TryParse(System.Text.Encoding.UTF8.GetBytes(one.Json), out _).ShouldBeFalse();
            return;
        }

        Should.Throw<BackupException>(() => ExtendedJson.Parse(one.Json)).Number.ShouldBe(2004);
    }

    [Fact]
    public void Every_case_of_the_corpus_is_run()
    {
        foreach (var (skipped, reason) in BsonCorpus.Skipped)
        {
            log.WriteLine($"skipped: {skipped}: {reason}");
        }

        log.WriteLine(
            $"{BsonCorpus.Files.Count} files: {BsonCorpus.Valid.Count} valid, {BsonCorpus.DecodeErrors.Count} decode "
                + $"errors, {BsonCorpus.ParseErrors.Count} parse errors, {BsonCorpus.Skipped.Count} skipped"
        );
        // The numbers are those of the files: a corpus that is brought up to date changes them here.
        BsonCorpus.Files.Count.ShouldBe(31);
        Valid.Count.ShouldBe(728);
        DecodeErrors.Count.ShouldBe(75);
        ParseErrors.Count.ShouldBe(180);
        BsonCorpus.Skipped.ShouldBeEmpty();
    }

    private static TheoryData<string> Names(IReadOnlyList<BsonCorpusCase> cases) =>
        [.. cases.Select(static one => one.Name).Where(static name => !BsonCorpus.Skipped.ContainsKey(name))];

    private static BsonCorpusCase Find(IReadOnlyList<BsonCorpusCase> cases, string name) =>
        cases.Single(one => one.Name == name);

    private static string Canonical(ReadOnlySpan<byte> bson) =>
        ExtendedJson.ToText(new BsonView(bson), ExtendedJsonMode.Canonical);

    private static string Hex(ReadOnlySpan<byte> bytes) => Convert.ToHexString(bytes);

    /// <summary>Taken apart and put together again, value by value.</summary>
    private static BsonDocument Copied(byte[] bson) =>
        BsonDocument.Build(writer =>
        {
            foreach (var element in new BsonView(bson))
            {
                writer.Raw(element.Name, element.Type, element.Value);
            }
        });

    /// <summary>As texts but for white space and escapes; numbers must be spelt alike.</summary>
    private static void ShouldBeJson(string actual, string expected) =>
        JsonNode.Parse(actual)!.ToJsonString().ShouldBe(JsonNode.Parse(expected)!.ToJsonString());
}
