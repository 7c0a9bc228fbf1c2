using System.Net;
using Backup.Foundation.Secrets;
using Backup.Metadata.People;
using Shouldly;
using Xunit;

namespace Backup.Tests.WebUI;

public sealed class SessionTests : IAsyncLifetime
{
    private const string Email = "ada@example.org";

    private readonly PeopleScene _scene = new();

    public Task InitializeAsync() => _scene.InitializeAsync();

    public Task DisposeAsync() => _scene.DisposeAsync();

    [Fact]
    public async Task A_session_ends_when_it_is_not_used_and_after_its_longest_time()
    {
        using var idle = await _scene.LoggedInAsync(Email);
        using var busy = await _scene.LogInAsync(Email);
        for (var hours = 11; hours < 7 * 24; hours += 11)
        {
            _scene.Time.Advance(TimeSpan.FromHours(11));
            (await busy.GetAsync("/session")).Status.ShouldBe(HttpStatusCode.OK, $"after {hours} h");
            (await idle.GetAsync("/session")).Status.ShouldBe(
                hours == 11 ? HttpStatusCode.OK : HttpStatusCode.Unauthorized
            );
            if (hours == 11)
            {
                _scene.Time.Advance(TimeSpan.FromHours(1));
                (await busy.GetAsync("/session")).Status.ShouldBe(HttpStatusCode.OK);
            }
        }

        _scene.Time.Advance(TimeSpan.FromHours(11));
        (await busy.GetAsync("/session")).ShouldBeProblem(HttpStatusCode.Unauthorized, "BK8500");
    }

    [Fact]
    public async Task The_cookie_is_kept_from_scripts_and_other_sites()
    {
        await _scene.UserAsync(Email);
        using var client = new HttpClient(new SocketsHttpHandler { UseCookies = false })
        {
            BaseAddress = _scene.Host.Address,
        };
        using var request = _scene.Visitor().Request(HttpMethod.Post, "/session");
        request.Content = new StringContent(
            $$"""{"email":"{{Email}}","password":"{{PeopleScene.Password}}"}""",
            System.Text.Encoding.UTF8,
            "application/json"
        );
        using var response = await client.SendAsync(request);
        var cookie = response.Headers.GetValues("Set-Cookie").ShouldHaveSingleItem();
        cookie.ShouldMatch("^backup-session=bks_[A-Za-z0-9_-]{43}; expires=[^;]+; path=/; samesite=strict; httponly$");
        (await response.Content.ReadAsStringAsync()).ShouldNotContain("bks_");
    }

    [Fact]
    public async Task A_password_that_was_given_again_is_good_for_five_minutes_in_that_session_alone()
    {
        using var visitor = await _scene.LoggedInAsync(Email, GroupRole.Owner);
        using var other = await _scene.LogInAsync(Email);
        var path = $"/groups/{await _scene.GroupAsync()}/tokens";
        var body = new { name = "cron", role = "viewer" };
        (await visitor.PostAsync(path, body)).ShouldBeProblem(HttpStatusCode.Forbidden, "BK8505");
        var wrong = await visitor.PostAsync("/session/confirm", new { password = "wrong" });
        wrong.ShouldBeProblem(HttpStatusCode.UnprocessableEntity, "BK8528");
        ((string?)wrong.Json["field"]).ShouldBe("password");
        await visitor.ConfirmedAsync();
        (await visitor.PostAsync(path, body)).Status.ShouldBe(HttpStatusCode.Created);
        (await other.PostAsync(path, body)).ShouldBeProblem(HttpStatusCode.Forbidden, "BK8505");
        _scene.Time.Advance(TimeSpan.FromMinutes(5) - TimeSpan.FromMilliseconds(1));
        (await visitor.PostAsync(path, body)).Status.ShouldBe(HttpStatusCode.Created);
        _scene.Time.Advance(TimeSpan.FromMilliseconds(1));
        var again = await visitor.PostAsync(path, body);
        again.ShouldBeProblem(HttpStatusCode.Forbidden, "BK8505");
        ((bool)again.Json["reauthenticate"]!).ShouldBeTrue();
    }

    [Fact]
    public async Task Another_password_ends_all_other_sessions()
    {
        using var visitor = await _scene.LoggedInAsync(Email);
        using var other = await _scene.LogInAsync(Email);
        const string Next = "nine herons wade";
        (await ChangeAsync("wrong", Next)).ShouldBeProblem(HttpStatusCode.UnprocessableEntity, "BK8528");
        var weak = await ChangeAsync(PeopleScene.Password, "ada@example.org");
        weak.ShouldBeProblem(HttpStatusCode.UnprocessableEntity, "BK8525");
        ((string?)weak.Json["field"]).ShouldBe("new");
        (await ChangeAsync(PeopleScene.Password, Next)).Status.ShouldBe(HttpStatusCode.NoContent);
        (await visitor.GetAsync("/session")).Status.ShouldBe(HttpStatusCode.OK);
        (await other.GetAsync("/session")).ShouldBeProblem(HttpStatusCode.Unauthorized, "BK8500");
        (await other.PostAsync("/session", new { email = Email, password = PeopleScene.Password })).ShouldBeProblem(
            HttpStatusCode.Unauthorized,
            "BK8520"
        );
        (await other.PostAsync("/session", new { email = Email, password = Next })).Status.ShouldBe(
            HttpStatusCode.Created
        );

        Task<Answer> ChangeAsync(string current, string next) =>
            visitor.PutAsync("/account/password", new { current, @new = next });
    }

    [Fact]
    public async Task Who_has_to_choose_a_password_can_do_nothing_else()
    {
        var user = await _scene.UserAsync(Email, GroupRole.Owner);
        await _scene.People.Users.SetAdministratorAsync(user.Id, administrator: true);
        await _scene.People.Users.SetPasswordAsync(
            user.Id,
            new PasswordHash(10).Make(PeopleScene.Password),
            mustChange: true,
            null
        );
        using var visitor = await _scene.LogInAsync(Email);
        ((bool)(await visitor.GetAsync("/session")).Json["user"]!["mustChangePassword"]!).ShouldBeTrue();
        (await visitor.GetAsync("/users")).ShouldBeProblem(HttpStatusCode.Forbidden, "BK8504");
        (await visitor.GetAsync($"/groups/{await _scene.GroupAsync()}/members")).ShouldBeProblem(
            HttpStatusCode.NotFound,
            "BK8503"
        );
        (
            await visitor.PutAsync(
                "/account/password",
                new { current = PeopleScene.Password, @new = "nine herons wade" }
            )
        ).Status.ShouldBe(HttpStatusCode.NoContent);
        (await visitor.GetAsync("/users")).Status.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Ones_own_sessions_are_listed_and_ended()
    {
        using var visitor = await _scene.LoggedInAsync(Email);
        using var other = await _scene.LogInAsync(Email);
        using var stranger = await _scene.LoggedInAsync("eve@example.org");
        var all = (await visitor.GetAsync("/sessions")).Json.AsArray();
        all.Count.ShouldBe(2);
        all.Count(static one => (bool)one!["current"]!).ShouldBe(1);
        var id = (string)all.Single(static one => !(bool)one!["current"]!)!["id"]!;
        (await stranger.DeleteAsync($"/sessions/{id}")).ShouldBeProblem(HttpStatusCode.NotFound, "BK8503");
        (await visitor.DeleteAsync($"/sessions/{id}")).Status.ShouldBe(HttpStatusCode.NoContent);
        (await other.GetAsync("/session")).ShouldBeProblem(HttpStatusCode.Unauthorized, "BK8500");
        (await visitor.DeleteAsync("/session")).Status.ShouldBe(HttpStatusCode.NoContent);
        visitor.Cookie.ShouldBeNull();
    }

    [Fact]
    public async Task A_session_that_was_ended_opens_nothing_whoever_kept_its_cookie()
    {
        using var visitor = await _scene.LoggedInAsync(Email);
        var kept = visitor.Cookie;
        await visitor.DeleteAsync("/session");
        visitor.Cookie = kept;
        (await visitor.GetAsync("/session")).ShouldBeProblem(HttpStatusCode.Unauthorized, "BK8500");
    }
}
