using System.Security.Cryptography;
using System.Text.Json;
using Backup.Foundation;
using Backup.MongoWire.Bson;
using Backup.Sandbox;
using Backup.Tests.Support;

namespace Backup.Tests.EndToEnd;

/// <summary>Holds what is restored at an optime against the sandbox's own memory of that optime, which knows nothing of oplog entries.</summary>
internal static class ModelCheck
{
    internal static Task SnapshotAsync(ApplianceProcess appliance, SandboxReplicaSet sandbox, JsonElement snapshot) =>
        RestoredAsync(appliance, sandbox, OptimeOf(snapshot), "--snapshot", RestoreCheck.Id(snapshot));

    internal static Task MomentAsync(ApplianceProcess appliance, SandboxReplicaSet sandbox, Optime optime) =>
        RestoredAsync(appliance, sandbox, optime, "--optime", $"{optime.T},{optime.I}");

    internal static Optime OptimeOf(JsonElement snapshot)
    {
        var optime = snapshot.GetProperty("optime");
        return new Optime(optime.GetProperty("t").GetUInt32(), optime.GetProperty("i").GetUInt32(), 1);
    }

    private static async Task RestoredAsync(
        ApplianceProcess appliance,
        SandboxReplicaSet sandbox,
        Optime optime,
        params string[] which
    )
    {
        using var folder = new TemporaryFolder();
        var output = folder.File("dump");
        _ = (
            await appliance.RunAsync(["restore", "rs0", .. which, "--format", "directory", "--output", output])
        ).Succeeded();
        ShouldBe(output, sandbox, optime);
    }

    /// <summary>Holds a dump against what the sandbox remembers of an optime.</summary>
    internal static void ShouldBe(string output, SandboxReplicaSet sandbox, Optime optime)
    {
        var state = sandbox.StateAt(optime);
        var (found, _) = RestoreCheck.ReadDirectory(output);
        RestoreCheck.ShouldBeSame(
            found,
            state.Where(one => !IsViews(one)).ToDictionary(one => (one.Database, one.Name), Hash)
        );
        CatalogueCheck.ShouldBeSame(
            CatalogueCheck.ReadDirectory(output, state.Select(one => one.Database).ToHashSet()),
            Catalogue(state)
        );
    }

    private static SortedDictionary<string, string> Catalogue(IReadOnlyList<SandboxCollectionState> state)
    {
        var catalogue = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var one in state)
        {
            if (!IsViews(one))
            {
                catalogue[$"{one.Database}.{one.Name}"] = CatalogueCheck.Describe(one.Options, one.Indexes);
                continue;
            }

            foreach (var view in one.Documents)
            {
                var options = BsonDocument.Build(w =>
                {
                    foreach (var field in view.View)
                    {
                        if (!field.NameIs("_id"u8))
                        {
                            w.Element(field);
                        }
                    }
                });
                catalogue[view.View["_id"u8].AsString] = CatalogueCheck.Describe(options, []);
            }
        }

        return catalogue;
    }

    private static bool IsViews(SandboxCollectionState one) => one.Name == "system.views";

    private static string Hash(SandboxCollectionState one)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
        foreach (var document in one.Documents)
        {
            hash.AppendData(document.Span);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
