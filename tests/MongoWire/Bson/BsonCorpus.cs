using System.Text.Json;
using Backup.Tests.Support;

namespace Backup.Tests.MongoWire.Bson;

/// <summary>A case of the BSON corpus of the driver specifications, named by its file and description.</summary>
/// <param name="Name">File and description; of cases with the same description, numbered.</param>
/// <param name="Bson">The canonical bytes of a valid case, or the bytes that must be refused.</param>
/// <param name="Json">Canonical extended JSON of a valid case, or the text that must be refused.</param>
/// <param name="TestKey">Where the value under test stands, where the file names one.</param>
public sealed record BsonCorpusCase(
    string Name,
    byte[] Bson,
    string Json,
    string? RelaxedJson,
    byte[]? DegenerateBson,
    string? DegenerateJson,
    bool Lossy,
    string File,
    string? TestKey
)
{
    public override string ToString() => Name;
}

/// <summary>Reads tests/MongoWire/specs/bson-corpus. Source of the format: bson-corpus.md of the driver specifications.</summary>
public static class BsonCorpus
{
    public static IReadOnlyList<string> Files { get; } =
    [
        .. Directory
            .EnumerateFiles(SourceTree.At("tests", "MongoWire", "specs", "bson-corpus"), "*.json")
            .Order(StringComparer.Ordinal),
    ];

    public static IReadOnlyList<BsonCorpusCase> Valid { get; } = Read("valid");

    public static IReadOnlyList<BsonCorpusCase> DecodeErrors { get; } = Read("decodeErrors");

    public static IReadOnlyList<BsonCorpusCase> ParseErrors { get; } = Read("parseErrors");

    /// <summary>Case name and why it is not run. There is none; what is added here is counted and shown.</summary>
    public static IReadOnlyDictionary<string, string> Skipped { get; } = new Dictionary<string, string>();

    private static List<BsonCorpusCase> Read(string kind)
    {
        var cases = new List<BsonCorpusCase>();
        var names = new Dictionary<string, int>();
        foreach (var file in Files)
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(file));
            if (!document.RootElement.TryGetProperty(kind, out var elements))
            {
                continue;
            }

            foreach (var element in elements.EnumerateArray())
            {
                var name = $"{Path.GetFileNameWithoutExtension(file)}: {Text(element, "description")}";
                names[name] = names.GetValueOrDefault(name) + 1;
                cases.Add(
                    new BsonCorpusCase(
                        names[name] == 1 ? name : $"{name} ({names[name]})",
                        Bytes(element, "canonical_bson") ?? Bytes(element, "bson") ?? [],
                        Text(element, "canonical_extjson") ?? Text(element, "string") ?? "",
                        Text(element, "relaxed_extjson"),
                        Bytes(element, "degenerate_bson"),
                        Text(element, "degenerate_extjson"),
                        element.TryGetProperty("lossy", out var lossy) && lossy.GetBoolean(),
                        Path.GetFileNameWithoutExtension(file),
                        Text(document.RootElement, "test_key")
                    )
                );
            }
        }

        return cases;
    }

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) ? value.GetString() : null;

    private static byte[]? Bytes(JsonElement element, string name) =>
        Text(element, name) is { } hex ? Convert.FromHexString(hex) : null;
}
