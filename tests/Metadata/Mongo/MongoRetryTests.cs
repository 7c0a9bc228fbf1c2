using Backup.Foundation.Errors;
using Backup.Metadata;
using Backup.Metadata.Mongo;
using Backup.MongoWire.Bson;
using Backup.Tests.Support;
using Shouldly;
using Xunit;

namespace Backup.Tests.Metadata.Mongo;

/// <summary>A real server fails at chosen commands: each call is done once and whole, or fails with a number having changed nothing.</summary>
public sealed class MongoRetryTests : IAsyncLifetime
{
    private RealReplicaSet? _set;

    public async Task InitializeAsync() =>
        _set = RealMongo.Binary is null ? null : await RealReplicaSet.StartAsync(members: 1);

    public async Task DisposeAsync()
    {
        if (_set is not null)
        {
            await _set.DisposeAsync();
        }
    }

    [RealMongoFact]
    public async Task What_passes_is_begun_again_and_done_once()
    {
        await using var store = await OpenAsync(TimeSpan.FromSeconds(30));
        foreach (
            var (n, failure) in ((int, string)[])
                [
                    (1, """{"failCommands":["findAndModify"],"closeConnection":true}"""),
                    (2, """{"failCommands":["insert"],"closeConnection":true}"""),
                    (3, """{"failCommands":["insert"],"errorCode":112}"""),
                    (4, """{"failCommands":["update"],"errorCode":10107}"""),
                    (5, """{"failCommands":["find"],"errorCode":91}"""),
                    (6, """{"failCommands":["commitTransaction"],"closeConnection":true}"""),
                    (7, """{"failCommands":["commitTransaction"],"errorCode":91}"""),
                    (8, """{"failCommands":["commitTransaction"],"errorCode":251}"""),
                    (9, """{"failCommands":["commitTransaction"],"writeConcernError":{"code":91,"errmsg":"stops"} }"""),
                    (10, """{"failCommands":["commitTransaction"],"writeConcernError":{"code":64,"errmsg":"late"} }"""),
                    (11, """{"failCommands":["abortTransaction"],"closeConnection":true}"""),
                ]
        )
        {
            await FailAsync("""{"times":2}""", failure);
            await store.Jobs.AddAsync(NewJob($"j{n}"));
            await FailAsync("\"off\"", failure);
            await FailAsync("""{"times":2}""", failure);
            var taken = await store.Jobs.TakeAsync([$"kind of j{n}"], "me", TimeSpan.FromMinutes(1));
            await FailAsync("\"off\"", failure);
            taken.ShouldNotBeNull(failure).Attempts.ShouldBe(1, failure);
            (await store.Jobs.ListAsync(100)).Count.ShouldBe(n, failure);
        }
    }

    [RealMongoFact]
    public async Task What_does_not_pass_fails_with_a_number_and_has_changed_nothing()
    {
        await using var store = await OpenAsync(TimeSpan.FromSeconds(1));
        await store.Settings.SetAsync("a", "b");
        await ShouldFailAsync(MetadataErrors.WritesCollide, """{"failCommands":["update"],"errorCode":112}""");
        await ShouldFailAsync(MetadataErrors.MongoIsUnreachable, """{"failCommands":["update"],"errorCode":10107}""");
        await ShouldFailAsync(MetadataErrors.MongoRefuses, """{"failCommands":["update"],"errorCode":8000}""");
        await ShouldFailAsync(FoundationErrors.DiskFull, """{"failCommands":["update"],"errorCode":14031}""");
        await ShouldFailAsync(
            MetadataErrors.CommitUnknown,
            """{"failCommands":["commitTransaction"],"errorCode":91}"""
        );

        async Task ShouldFailAsync(int number, string failure)
        {
            await FailAsync("\"alwaysOn\"", failure);
            (await Should.ThrowAsync<BackupException>(() => store.Settings.SetAsync("a", "c"))).Number.ShouldBe(
                number,
                failure
            );
            await FailAsync("\"off\"", failure);
            (await store.Settings.FindAsync("a")).ShouldBe("b", failure);
        }
    }

    private Task<MongoMetadataStore> OpenAsync(TimeSpan retryFor) =>
        MongoMetadataStore.OpenAsync(
            _set!.ConnectionString,
            "backup",
            new MongoMetadataOptions { RetryFor = retryFor }
        );

    private Task FailAsync(string mode, string data) =>
        _set!.RunAsync(
            0,
            "admin",
            ExtendedJson.Parse($$"""{"configureFailPoint":"failCommand","mode":{{mode}},"data":{{data}} }""")
        );

    private static JobRecord NewJob(string id) =>
        new(
            id,
            $"kind of {id}",
            null,
            JobState.Queued,
            "{}",
            null,
            "",
            0,
            null,
            null,
            null,
            0,
            DateTimeOffset.UnixEpoch,
            null,
            null,
            null,
            null
        );
}
