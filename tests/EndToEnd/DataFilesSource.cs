using System.Diagnostics;
using Backup.Tests.Support;
using Shouldly;
using Xunit;

namespace Backup.Tests.EndToEnd;

/// <summary>A real source with everything in it, protected, and a snapshot of it.</summary>
public sealed class DataFilesSource : IAsyncLifetime
{
    private readonly TemporaryFolder _sockets = new();
    private RealMongo? _mongo;

    internal ApplianceProcess Appliance { get; private set; } = null!;

    internal IReadOnlyDictionary<string, DatabaseHash> Hashes { get; private set; } = null!;

    internal IReadOnlyList<string> Catalogue { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        if (RealMongo.Binary is null)
        {
            return;
        }

        _mongo = await RealMongo.StartAsync(authentication: true);
        await using var source = TestSource.Of(_mongo.ConnectionString);
        await SourceContent.LoadAsync(source, seed: 11, large: 2);
        await MoreAsync(source);
        Appliance = new ApplianceProcess(_mongo.ConnectionString);
        Appliance.Variables["BACKUP_MONGOD"] = $"4.2={RealMongo.Binary}";
        Appliance.Variables["TMPDIR"] = _sockets.Path;
        Appliance.Up();
        await Appliance.WaitForStateAsync("tailing");
        (await Appliance.RunAsync("snapshot", "rs0", "--wait")).Succeeded();
        Hashes = await source.HashesAsync();
        Catalogue = await source.CatalogueAsync();
    }

    public async Task DisposeAsync()
    {
        if (_mongo is not null)
        {
            await (Appliance?.DisposeAsync() ?? ValueTask.CompletedTask);
            await _mongo.DisposeAsync();
        }

        _sockets.Dispose();
    }

    internal Task<CommandResult> RestoreAsync(params string[] more) => Appliance.RunAsync(Arguments(more));

    /// <summary>Left to itself, with JSON on its standard output.</summary>
    internal Process Start(params string[] more) => Appliance.Start([], Arguments(more));

    /// <summary>Of the data folder that no appliance runs on.</summary>
    internal async Task<string> OfflineAsync((string Name, string Value)[] variables, params string[] more)
    {
        using var process = Appliance.Start(variables, Arguments(more));
        return await process.StandardOutput.ReadToEndAsync();
    }

    /// <summary>No process, no folder for one, and none of the socket's.</summary>
    internal void NothingIsLeft(string folder)
    {
        MongodOnFiles.On(folder).ShouldBeEmpty();
        MongodOnFiles.On(Appliance.Data).ShouldBeEmpty();
        var work = Path.Combine(Appliance.Data, "spill", "data-files");
        (Directory.Exists(work) ? Directory.GetFileSystemEntries(work) : []).ShouldBeEmpty();
        Directory.GetDirectories(_sockets.Path, "backup-mongod-*").ShouldBeEmpty();
    }

    private static string[] Arguments(string[] more) =>
        ["restore", "rs0", "--latest", "--format", "data-files", .. more];

    private static async Task MoreAsync(TestSource source)
    {
        await source.RunAsync(
            "shop",
            """{"create":"words","collation":{"locale":"de","strength":1},"validator":{"n":{"$gte":0}}}"""
        );
        await source.InsertAsync("shop", "words", SourceContent.Many(200, new Random(3), 50, 100));
        await source.RunAsync(
            "shop",
            """
            {"createIndexes":"words","indexes":[
              {"key":{"text":"text"},"name":"words","collation":{"locale":"simple"}},
              {"key":{"place":"2dsphere"},"name":"place"},
              {"key":{"n":"hashed"},"name":"hashed","collation":{"locale":"simple"}},
              {"key":{"$**":1},"name":"wild","collation":{"locale":"simple"}},
              {"key":{"even":1},"name":"sparse","sparse":true}]}
            """
        );
        await source.RunAsync(
            "shop",
            """{"insert":"system.js","documents":[{"_id":"one","value":{"$code":"function(){}"}}]}"""
        );
        await source.RunAsync(
            "admin",
            """{"createUser":"clerk","pwd":"secret","roles":[{"role":"read","db":"shop"}]}"""
        );
    }
}
