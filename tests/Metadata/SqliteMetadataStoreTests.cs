using Backup.Foundation.Errors;
using Backup.Metadata;
using Backup.Metadata.Sqlite;
using Microsoft.Data.Sqlite;
using Shouldly;
using Xunit;

namespace Backup.Tests.Metadata;

public sealed class SqliteConformance : MetadataConformance
{
    private readonly TemporaryFolder _folder = new();

    protected override async Task<IMetadataStore> OpenAsync() =>
        await SqliteMetadataStore.OpenAsync(_folder.File("metadata.db"), Time, Uris);

    protected override Task RemoveAsync()
    {
        _folder.Dispose();
        return Task.CompletedTask;
    }
}

public sealed class SqliteMetadataStoreTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private const long SchemaVersion = 30;

    private string Database => _folder.File("metadata.db");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Only_the_owner_may_read_the_database_and_its_log()
    {
        await using var store = await SqliteMetadataStore.OpenAsync(Database);
        await store.Settings.SetAsync("a", "b");
        foreach (var path in Directory.EnumerateFiles(_folder.Path))
        {
            File.GetUnixFileMode(path).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite, path);
        }
    }

    [Fact]
    public async Task A_database_that_others_could_read_is_made_private()
    {
        await using (await SqliteMetadataStore.OpenAsync(Database)) { }
        File.SetUnixFileMode(Database, (UnixFileMode)0x1B6);
        await using var store = await SqliteMetadataStore.OpenAsync(Database);
        File.GetUnixFileMode(Database).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    [Fact]
    public async Task A_newer_schema_is_refused_and_left_alone()
    {
        await using (var store = await SqliteMetadataStore.OpenAsync(Database))
        {
            await store.Settings.SetAsync("a", "b");
        }

        Run("PRAGMA user_version = 99");
        (await FailureAsync()).ShouldBe(MetadataErrors.NewerSchema);
        Scalar("PRAGMA user_version").ShouldBe(99);
    }

    [Fact]
    public async Task A_database_of_the_first_version_is_read_and_brought_up_to_date()
    {
        Run(await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "data", "metadata-v1.sql")));
        await using var store = await SqliteMetadataStore.OpenAsync(Database);
        Scalar("PRAGMA user_version").ShouldBe(SchemaVersion);

        var set = (await store.Deployments.ReplicaSetsAsync()).ShouldHaveSingleItem();
        var syncs = await store.Syncs.ListAsync(set.Id);
        syncs.Select(sync => sync.State).ShouldBe([SyncState.Abandoned, SyncState.Built, SyncState.Copying]);
        (await store.Snapshots.ListAsync(set.Id))
            .Select(snapshot => (snapshot.Optime.T, snapshot.SyncId, snapshot.ReplayFrom))
            .ShouldBe([(310, syncs[1].Id, null), (120, syncs[0].Id, null), (90, "", null)]);
        var hole = (await store.OplogSlices.HolesAsync(set.Id)).ShouldHaveSingleItem();
        (hole.Kind, hole.SyncId, hole.Cause).ShouldBe((HoleKind.OplogLost, "", "rolled over"));
        (await store.OplogSlices.ExtentAsync(syncs[1].Id))!.Last.T.ShouldBe(320u);
        (await store.OplogSlices.RemoveBeforeAsync(syncs[1].Id, new Foundation.Optime(315, 1))).ShouldBe(1);
        (await store.OplogSlices.DoomedAsync(10)).Count.ShouldBe(1);

        var agent = (await store.Access.AgentsAsync()).ShouldHaveSingleItem();
        var key = (await store.Credentials.KeysAsync()).ShouldHaveSingleItem();
        (agent.Id, key.AgentId, key.GroupId, key.State).ShouldBe(("a1", "a1", "g", ApiKeyState.Valid));
        (await store.Credentials.FindKeyAsync([1, 2, 3]))!.Agent.ShouldBe(agent);
    }

    [Fact]
    public async Task Policies_of_early_releases_go_on_as_they_are_and_decide_on_what_is_kept()
    {
        Run(await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "data", "metadata-v1.sql")));
        Run("INSERT INTO policies VALUES ('r1', 18000000, 5400000, 259200000, 3600000)");
        Run("UPDATE snapshots SET expires_at = 5");
        await using var store = await SqliteMetadataStore.OpenAsync(Database);

        (await store.Deployments.PolicyAsync("r1")).ShouldBe(
            new SnapshotPolicy(
                "r1",
                TimeSpan.FromHours(5),
                DateTimeOffset.UnixEpoch.AddHours(1.5),
                TimeSpan.FromDays(3),
                TimeSpan.FromHours(1)
            )
            {
                At = null,
                Zone = "UTC",
                WeekEnds = DayOfWeek.Sunday,
            },
            "every five hours from then on, in UTC, and no rows but the base"
        );
        (await store.Snapshots.ListAsync("r1")).ShouldAllBe(one => one.ExpiresAt == null && one.PinnedAt == null);
    }

    [Fact]
    public async Task A_database_of_somebody_else_is_refused()
    {
        Run("CREATE TABLE theirs (a)");
        (await FailureAsync()).ShouldBe(MetadataErrors.ForeignDatabase);
        Scalar("SELECT count(*) FROM sqlite_schema").ShouldBe(1);
    }

    [Fact]
    public async Task A_file_that_is_no_database_is_called_damaged()
    {
        File.WriteAllBytes(Database, [.. Enumerable.Range(0, 8192).Select(n => (byte)n)]);
        (await FailureAsync()).ShouldBe(MetadataErrors.DatabaseDamaged);
    }

    [Fact]
    public async Task A_folder_in_its_place_is_refused()
    {
        Directory.CreateDirectory(Database);
        (await FailureAsync()).ShouldBe(MetadataErrors.CannotOpen);
    }

    [Fact]
    public async Task What_was_committed_is_there_after_the_process_died_without_closing()
    {
        await using var store = await SqliteMetadataStore.OpenAsync(Database);
        var group = await store.Access.EnsureGroupAsync("g");

        // The files as a killed process leaves them: database and write-ahead log, not checkpointed.
        using var copy = new TemporaryFolder();
        foreach (var suffix in new[] { "", "-wal" })
        {
            File.Copy(Database + suffix, copy.File("metadata.db" + suffix));
        }

        await using var revived = await SqliteMetadataStore.OpenAsync(copy.File("metadata.db"));
        (await revived.Access.EnsureGroupAsync("g")).ShouldBe(group);
    }

    [Fact]
    public async Task A_torn_last_transaction_is_gone_as_a_whole_and_the_ones_before_stay()
    {
        await using var store = await SqliteMetadataStore.OpenAsync(Database);
        await store.Settings.SetAsync("a", "1");
        var whole = new FileInfo(Database + "-wal").Length;
        await store.Settings.SetAsync("a", "2");
        var longer = new FileInfo(Database + "-wal").Length;
        longer.ShouldBeGreaterThan(whole);

        for (var length = whole; length < longer; length += 97)
        {
            using var copy = new TemporaryFolder();
            File.Copy(Database, copy.File("metadata.db"));
            File.Copy(Database + "-wal", copy.File("metadata.db-wal"));
            using (var wal = File.OpenWrite(copy.File("metadata.db-wal")))
            {
                wal.SetLength(length);
            }

            await using var revived = await SqliteMetadataStore.OpenAsync(copy.File("metadata.db"));
            (await revived.Settings.FindAsync("a")).ShouldBe("1", $"log cut to {length} bytes");
        }
    }

    [Fact]
    public async Task Durability_is_switched_on()
    {
        await using (await SqliteMetadataStore.OpenAsync(Database)) { }
        Text("PRAGMA journal_mode").ShouldBe("wal");
        Scalar("PRAGMA application_id").ShouldBe(0x424B4D44);
        Scalar("PRAGMA user_version").ShouldBe(SchemaVersion);
    }

    [Fact]
    public async Task Audit_records_are_neither_changed_nor_removed_whoever_asks()
    {
        await using (var store = await SqliteMetadataStore.OpenAsync(Database))
        {
            await store.Audit.AddAsync(new AuditRecord(DateTimeOffset.UnixEpoch, "a", "b", "c", "d", AuditOutcomes.Ok));
        }

        Should.Throw<SqliteException>(() => Run("DELETE FROM audit")).Message.ShouldContain("audit records stay");
        Should.Throw<SqliteException>(() => Run("UPDATE audit SET actor = 'x'")).Message.ShouldContain("not changed");
        Scalar("SELECT count(*) FROM audit WHERE actor = 'a'").ShouldBe(1);
    }

    [Fact]
    public void Persisted_numbers_are_frozen()
    {
        Enum.GetValues<ReplicaSetState>()
            .Select(s => $"{s}={(int)s}")
            .ShouldBe(["Waiting=0", "InitialSync=1", "CatchingUp=2", "Tailing=3", "Stopped=4"]);
        Enum.GetValues<SyncState>()
            .Select(s => $"{s}={(int)s}")
            .ShouldBe(["Copying=0", "Copied=1", "Built=2", "Abandoned=3", "Wanted=4"]);
        Enum.GetValues<JobState>()
            .Select(s => $"{s}={(int)s}")
            .ShouldBe(["Queued=0", "Running=1", "Succeeded=2", "Failed=3", "Cancelled=4"]);
        Enum.GetValues<ApiKeyState>()
            .Select(s => $"{s}={(int)s}")
            .ShouldBe(["Pending=0", "Valid=1", "Replaced=2", "Revoked=3"]);
        Enum.GetValues<HoleKind>()
            .Select(s => $"{s}={(int)s}")
            .ShouldBe(["OplogLost=0", "RolledBack=1", "Resync=2", "HeadStopped=3", "CollectionLost=4"]);
    }

    [Fact]
    public async Task No_table_refers_to_the_block_store_without_a_groom_knowing_it()
    {
        await (await SqliteMetadataStore.OpenAsync(Database)).DisposeAsync();
        var tables = Text(
            """
            SELECT group_concat(name, ' ') FROM (
                SELECT tables.name AS name FROM sqlite_master tables, pragma_table_info(tables.name) columns
                WHERE tables.type = 'table' AND (columns.name LIKE '%manifest%' OR columns.name = 'part')
                ORDER BY tables.name)
            """
        );
        tables.ShouldBe(
            "cut_parts heads read_holds snapshots",
            "what else refers to blocks is to be added to SqliteManifests"
        );
    }

    private async Task<int> FailureAsync() =>
        (await Should.ThrowAsync<BackupException>(() => SqliteMetadataStore.OpenAsync(Database))).Number;

    private void Run(string sql) => Text(sql);

    private long Scalar(string sql) => (long)Value(sql)!;

    private string? Text(string sql) => Value(sql)?.ToString();

    private object? Value(string sql)
    {
        SQLitePCL.Batteries_V2.Init();
        using var connection = new SqliteConnection($"Data Source={Database};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }
}
