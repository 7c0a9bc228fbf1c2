using System.Text.Json;
using Backup.Daemon;
using Backup.Daemon.DataFiles;
using Backup.Foundation.Errors;
using Backup.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Backup.Tests.Daemon;

/// <summary>What of data files needs no server: settings, seeds, the end of a log, and what is removed at a start.</summary>
public sealed class DataFilesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("4.2")]
    [InlineData("4.2=")]
    [InlineData("=/bin/mongod")]
    [InlineData("4.2.4=/bin/mongod")]
    [InlineData("four=/bin/mongod")]
    [InlineData("4.2=/bin/mongod", "4.2=/bin/other")]
    public void ASettingThatNamesNoVersionAndPathIsRefused(params string[] settings) =>
        NumberOf(() => _ = new MongodPrograms(settings, "", TimeProvider.System)).ShouldBe(DaemonErrors.MongodSetting);

    [Fact]
    public async Task AProgramIsTakenForWhatItSaysThatItIs()
    {
        var right = Program("right", "echo 'db version v6.0.14'; echo more");
        var later = Program("mongod", "echo 'db version v7.0.2-rc1'");
        var silent = Program("silent", "exit 3");
        var programs = new MongodPrograms([$"6.0={right}", $"5.0={silent}"], _folder.Path, TimeProvider.System);
        (await programs.FindAsync("6.0", "6.0.3", CancellationToken.None)).ShouldBe(new(right, "6.0.14"));
        // On the search path, for its own version alone.
        (await programs.FindAsync("7.0", "7.0.1", CancellationToken.None)).Path.ShouldBe(later);
        var none = await Should.ThrowAsync<BackupException>(() =>
            programs.FindAsync("4.4", "4.4.1", CancellationToken.None)
        );
        (none.Number, none.Message).ShouldSatisfyAllConditions(
            one => one.Number.ShouldBe(DaemonErrors.MongodMissing),
            one => one.Message.ShouldContain("5.0, 6.0, 7.0 at")
        );
        (await programs.CheckAsync()).ShouldNotBeNull().Number.ShouldBe(DaemonErrors.MongodUnusable);

        // One program under two versions is right under one of them.
        var twice = new MongodPrograms([$"6.0={right}", $"6.1={right}"], "", TimeProvider.System);
        (await twice.CheckAsync()).ShouldNotBeNull().Message.ShouldContain("it is 6.0.14");
    }

    [Theory]
    [InlineData("rs0")]
    [InlineData("rs0=")]
    [InlineData("=a:1")]
    [InlineData("r s=a:1")]
    [InlineData("rs0=a:1,a:1")]
    [InlineData("rs0=a:99999")]
    [InlineData("rs0=%2Ftmp%2Fa.sock")]
    [InlineData("rs0=localhost:1,b:2")]
    public void ASeedThatCannotBeIsRefused(string text) =>
        NumberOf(() => ReplicaSetSeed.Parse(text, null)).ShouldBe(DaemonErrors.SeedWrong);

    [Fact]
    public void ASeedHasItsMembersInOrderAndAnOplogOfTheLeastSize()
    {
        var seed = ReplicaSetSeed.Parse("rs0=b.example:1,a.example,[::2]:3", null);
        (seed.Set, seed.OplogMegabytes).ShouldBe(("rs0", 990));
        seed.Members.Select(static one => one.ToString()).ShouldBe(["b.example:1", "a.example:27017", "[::2]:3"]);
        NumberOf(() => ReplicaSetSeed.Parse("rs0=a:1", 989)).ShouldBe(DaemonErrors.SeedWrong);
    }

    [Theory]
    [InlineData(
        "2026-11-22T20:37:18.5+0000 I  REPL [a] fine\n2026-11-22T20:37:18.5+0000 E  STORAGE [b] bad\n2026-11-22T20:37:18.5+0000 I  - [b] frame\n",
        "2026-11-22T20:37:18.5+0000 E  STORAGE [b] bad"
    )]
    [InlineData(
        "{\"s\":\"I\",\"msg\":\"fine\"}\n{\"s\":\"F\",\"msg\":\"bad\"}\n{\"s\":\"I\",\"msg\":\"frame\"}\n",
        "{\"s\":\"F\",\"msg\":\"bad\"}"
    )]
    [InlineData("one\ntwo\nthree\n", "two | three")]
    [InlineData("", "its log is empty")]
    public void TheCauseIsFoundInALog(string log, string cause)
    {
        File.WriteAllText(_folder.File("log"), log);
        MongodLog.Cause(_folder.File("log")).ShouldBe(cause);
    }

    [Fact]
    public async Task OnlyWhatANoteOfThisBuildNamesIsRemovedAtAStart()
    {
        var options = new DaemonOptions { SpillFolder = _folder.File("spill") };
        var work = Path.Combine(options.SpillFolder, "data-files");
        string[] ids =
        [
            "0123456789abcdef0123456789abcdef",
            "aaaaaaaaaaaabbbbbbbbbbbbbbbbbbbb",
            "ccccccccccccdddddddddddddddddddd",
        ];
        var ours = _folder.File("files.0123456789ab.part");
        var others = _folder.File("others");
        Note(ids[0], ours, _folder.File("backup-mongod-0123456789ab"));
        Note(ids[1], others, _folder.File("backup-mongod-aaaaaaaaaaaa"));
        Directory.CreateDirectory(Path.Combine(work, ids[2]));

        await DataFilesService.RemoveLeftoversAsync(options, NullLogger.Instance, CancellationToken.None);

        Directory.GetFileSystemEntries(work).ShouldBeEmpty();
        _folder.Names().ShouldBe(["backup-mongod-aaaaaaaaaaaa", "others", "spill"]);

        void Note(string id, string root, string sockets)
        {
            foreach (var folder in (string[])[Path.Combine(work, id), Path.Combine(root, "data"), sockets])
            {
                Directory.CreateDirectory(folder);
            }

            File.WriteAllText(
                Path.Combine(work, id, "place.json"),
                JsonSerializer.Serialize(new { Root = root, Sockets = sockets })
            );
        }
    }

    private string Program(string name, string script)
    {
        var path = _folder.File(name);
        File.WriteAllText(path, $"#!/bin/sh\n{script}\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return path;
    }

    private static int NumberOf(Action action) => Should.Throw<BackupException>(action).Number;
}
