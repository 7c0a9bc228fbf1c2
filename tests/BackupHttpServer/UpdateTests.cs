using System.Net;
using Backup.BackupHttpServer;
using Backup.BackupHttpServer.Updates;
using Backup.Foundation.Contracts;
using Backup.Foundation.Errors;
using Backup.Tests.Support;
using Shouldly;
using Xunit;

namespace Backup.Tests.BackupHttpServer;

/// <summary>Builds that are offered to agents: kept whole, one for a platform, told to agents of any release that bear a key.</summary>
public sealed class UpdateTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Kept => _folder.File("updates");

    [Fact]
    public void OneBuildOfEachPlatformIsKeptAndNothingOfTheOneBefore()
    {
        var store = new UpdateStore(Kept);
        store.List().ShouldBeEmpty();
        var first = store.Offer(Build("a", 62), "1.0.0");
        (first.Platform, first.Length).ShouldBe(("linux-x64", 5000));
        var other = store.Offer(Build("b", 183), "1.0.0");
        var second = store.Offer(Build("c", 62), "1.1.0");
        store.List().ShouldBe([other, second]);
        Directory.GetFiles(Kept, "build-*").Length.ShouldBe(2);
        store.Open(first.Sha256).ShouldBeNull();
        using (var program = store.Open(second.Sha256))
        {
            program!.Length.ShouldBe(5000);
        }

        // A process that was killed after the program and before its description left a program that nobody names.
        File.WriteAllText(Path.Combine(Kept, "build-left"), "x");
        store.Withdraw("linux-x64").ShouldBeTrue();
        store.Withdraw("linux-x64").ShouldBeFalse();
        new UpdateStore(Kept).List().ShouldBe([other]);
        Directory.GetFiles(Kept, "build-*").Length.ShouldBe(1);
    }

    [Theory]
    [InlineData("1.0", 62)]
    [InlineData("1.0.0.0", 62)]
    [InlineData("01.0.0", 62)]
    [InlineData("1.0.0\n", 62)]
    [InlineData("", 62)]
    [InlineData("1.0.0", 3)]
    public void WhatIsNoBuildOrNoVersionIsRefused(string version, byte machine)
    {
        var store = new UpdateStore(Kept);
        Should
            .Throw<BackupException>(() => store.Offer(Build("a", machine), version))
            .Number.ShouldBe(BackupHttpServerErrors.BuildUnusable);
        Should
            .Throw<BackupException>(() => store.Offer(_folder.File("none"), "1.0.0"))
            .Number.ShouldBe(BackupHttpServerErrors.BuildUnusable);
        store.List().ShouldBeEmpty();
        (Directory.Exists(Kept) ? Directory.GetFiles(Kept) : []).ShouldBeEmpty();
    }

    [Fact]
    public async Task AnAgentOfAnotherReleaseIsLetInToItsUpdateAndAStrangerIsNot()
    {
        await using var all = await ServerFixture.StartAsync();
        using (var none = await all.SendAsync(OfAnotherRelease(all.Get(AgentRoutes.Update("linux-x64")))))
        {
            none.StatusCode.ShouldBe(HttpStatusCode.NoContent);
        }

        var build = all.Server.Updates.Offer(Build("a", 62), "9.0.0");
        using (var offer = await all.SendAsync(OfAnotherRelease(all.Get(AgentRoutes.Update("linux-x64")))))
        {
            offer.StatusCode.ShouldBe(HttpStatusCode.OK);
        }

        using (var program = await all.SendAsync(OfAnotherRelease(all.Get(AgentRoutes.UpdateProgram(build.Sha256)))))
        {
            (await program.Content.ReadAsByteArrayAsync()).ShouldBe(File.ReadAllBytes(_folder.File("a")));
        }

        foreach (var route in (string[])[AgentRoutes.Update("linux-x64"), AgentRoutes.UpdateProgram(build.Sha256)])
        {
            var request = all.Get(route);
            request.Headers.Authorization = null;
            using var refused = await all.SendAsync(request);
            refused.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        }

        // Names are hashes and platforms; a path leads nowhere.
        foreach (var name in (string[])[new string('0', 64), "..%2F..%2Fca.pem", Path.GetFileName(build.File)])
        {
            using var unknown = await all.SendAsync(all.Get(AgentRoutes.UpdateProgram(name)));
            unknown.StatusCode.ShouldBe(HttpStatusCode.NotFound, name);
        }
    }

    public void Dispose() => _folder.Dispose();

    private static HttpRequestMessage OfAnotherRelease(HttpRequestMessage request)
    {
        request.Headers.Remove(AgentHeaders.Protocol);
        request.Headers.Add(AgentHeaders.Protocol, "1");
        return request;
    }

    private string Build(string name, byte machine)
    {
        var build = new byte[5000];
        new Random(name[0]).NextBytes(build);
        "\u007fELF\u0002\u0001"u8.CopyTo(build);
        (build[18], build[19]) = (machine, 0);
        var path = _folder.File(name);
        File.WriteAllBytes(path, build);
        return path;
    }
}
