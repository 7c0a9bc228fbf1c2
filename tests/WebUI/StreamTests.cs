using Backup.Metadata.People;
using Shouldly;
using Xunit;

namespace Backup.Tests.WebUI;

/// <summary>Events go on for as long as a page is open, and no longer than its user may see them.</summary>
public sealed class StreamTests : IAsyncLifetime
{
    private const string Email = "ada@example.org";

    private readonly PeopleScene _scene = new(new TestDesks().All);

    public Task InitializeAsync() => _scene.InitializeAsync();

    public Task DisposeAsync() => _scene.DisposeAsync();

    [Fact]
    public async Task They_end_when_the_session_ends_when_the_role_is_gone_and_when_the_token_is_over()
    {
        using var leaves = await _scene.LoggedInAsync(Email, GroupRole.Viewer);
        using var loses = await _scene.LoggedInAsync("bob@example.org", GroupRole.Viewer);
        using var expires = new Visitor(_scene.Host.Address)
        {
            Token = await _scene.TokenAsync(GroupRole.Viewer, expiresAt: _scene.Time.GetUtcNow().AddMinutes(1)),
        };
        using var stays = await _scene.LogInAsync(Email);
        var group = await _scene.GroupAsync();
        var all = await Task.WhenAll(new[] { leaves, loses, expires, stays }.Select(one => BeginAsync(one, group)));

        await leaves.DeleteAsync("/session");
        var bob = (await _scene.People.Users.FindByEmailAsync("bob@example.org"))!;
        await _scene.People.Memberships.RemoveAsync(group, bob.Id);
        _scene.Time.Advance(TimeSpan.FromMinutes(1));
        foreach (var ended in all[..3])
        {
            await ended.Body.CopyToAsync(Stream.Null).WaitAsync(TimeSpan.FromSeconds(30));
        }

        // Nothing but its own end keeps this one from going on: what is left of it does not come to an end.
        var rest = all[3].Body.CopyToAsync(Stream.Null);
        (await Task.WhenAny(rest, Task.Delay(TimeSpan.FromSeconds(2)))).ShouldNotBe(rest);
        all[3].Dispose();
        foreach (var one in all)
        {
            one.Dispose();
        }
    }

    private static async Task<Events> BeginAsync(Visitor visitor, string group)
    {
        var response = await visitor.OpenAsync(visitor.Request(HttpMethod.Get, $"/groups/{group}/events"));
        response.Content.Headers.ContentType!.MediaType.ShouldBe("text/event-stream");
        var body = await response.Content.ReadAsStreamAsync();
        var first = new byte[1];
        await body.ReadExactlyAsync(first).AsTask().WaitAsync(TimeSpan.FromSeconds(30));
        return new Events(response, body);
    }

    private sealed record Events(HttpResponseMessage Response, Stream Body) : IDisposable
    {
        public void Dispose() => Response.Dispose();
    }
}
