using System.Net;
using Backup.Foundation.Secrets;
using Backup.Metadata.People;
using Shouldly;
using Xunit;

namespace Backup.Tests.WebUI;

public sealed class LogInTests : IAsyncLifetime
{
    private readonly PeopleScene _scene = new();

    public Task InitializeAsync() => _scene.InitializeAsync();

    public Task DisposeAsync() => _scene.DisposeAsync();

    [Fact]
    public async Task The_first_run_takes_the_set_up_token_once()
    {
        using var visitor = _scene.Visitor();
        ((bool)(await visitor.GetAsync("/setup")).Json["needed"]!).ShouldBeTrue();
        var token = SecretToken.New(SecretToken.Setup);
        await _scene.People.Users.SetSetupTokenAsync(SecretToken.Hash(token, SecretToken.Setup)!);
        (await SetUpAsync(SecretToken.New(SecretToken.Setup))).ShouldBeProblem(HttpStatusCode.Forbidden, "BK6104");
        (await SetUpAsync("bkp_wrong")).ShouldBeProblem(HttpStatusCode.Forbidden, "BK6104");
        var weak = await SetUpAsync(token, "password1234");
        weak.ShouldBeProblem(HttpStatusCode.UnprocessableEntity, "BK8525");
        ((string?)weak.Json["field"]).ShouldBe("password");

        (await SetUpAsync(token)).Status.ShouldBe(HttpStatusCode.Created);
        visitor.Cookie.ShouldNotBeNull().ShouldStartWith("backup-session=bks_");
        var session = (await visitor.GetAsync("/session")).Json;
        ((bool)session["user"]!["administrator"]!).ShouldBeTrue();
        session["groups"]!
            .AsArray()
            .Select(static one => ((string?)one!["name"], (string?)one["role"]))
            .ShouldBe([("default", "owner")]);
        ((bool)(await visitor.GetAsync("/setup")).Json["needed"]!).ShouldBeFalse();
        (await SetUpAsync(token)).ShouldBeProblem(HttpStatusCode.Forbidden, "BK6104");
        (await _scene.AuditAsync()).ShouldBe([
            "nobody setup refused BK6104",
            "nobody setup refused BK6104",
            "user ada@example.org setup ok",
            "nobody setup refused BK6104",
        ]);

        Task<Answer> SetUpAsync(string with, string password = PeopleScene.Password) =>
            visitor.PostAsync(
                "/setup",
                new
                {
                    token = with,
                    email = "ada@example.org",
                    name = "Ada",
                    password,
                }
            );
    }

    [Fact]
    public async Task A_wrong_address_and_a_wrong_password_are_answered_alike_to_the_letter()
    {
        await _scene.UserAsync("ada@example.org");
        using var visitor = _scene.Visitor();
        for (var n = 0; n < 7; n++)
        {
            var wrong = await LogInAsync(visitor, "ada@example.org", "a wrong password");
            var stranger = await LogInAsync(visitor, "eve@example.org", "a wrong password");
            wrong.ShouldBeProblem(
                n < 5 ? HttpStatusCode.Unauthorized : HttpStatusCode.TooManyRequests,
                n < 5 ? "BK8520" : "BK8521"
            );
            Without(wrong, "instance").ShouldBe(Without(stranger, "instance"));
            visitor.Cookie.ShouldBeNull();
        }

        static string Without(Answer answer, string field)
        {
            var json = answer.Json.AsObject();
            json.Remove(field);
            return json.ToJsonString();
        }
    }

    [Fact]
    public async Task Five_wrong_passwords_lock_the_account_out_for_a_minute_and_then_for_longer()
    {
        await _scene.UserAsync("ada@example.org");
        using var visitor = _scene.Visitor();
        for (var n = 0; n < 5; n++)
        {
            (await LogInAsync(visitor, "ada@example.org", $"wrong {n}")).ShouldBeProblem(
                HttpStatusCode.Unauthorized,
                "BK8520"
            );
        }

        var locked = await LogInAsync(visitor, "ADA@example.org", PeopleScene.Password);
        locked.ShouldBeProblem(HttpStatusCode.TooManyRequests, "BK8521");
        locked.Headers.RetryAfter!.Delta.ShouldBe(TimeSpan.FromMinutes(1));
        _scene.Time.Advance(TimeSpan.FromMinutes(1));
        (await LogInAsync(visitor, "ada@example.org", "wrong again")).ShouldBeProblem(
            HttpStatusCode.Unauthorized,
            "BK8520"
        );
        _scene.Time.Advance(TimeSpan.FromSeconds(119));
        (await LogInAsync(visitor, "ada@example.org", PeopleScene.Password)).ShouldBeProblem(
            HttpStatusCode.TooManyRequests,
            "BK8521"
        );
        _scene.Time.Advance(TimeSpan.FromSeconds(1));
        (await LogInAsync(visitor, "ada@example.org", PeopleScene.Password)).Status.ShouldBe(HttpStatusCode.Created);
        (await _scene.People.Users.FindByEmailAsync("ada@example.org"))!.FailedTries.ShouldBe(0);
        (await _scene.AuditAsync())
            .Count(static one => one.EndsWith("session.create refused BK8520", StringComparison.Ordinal))
            .ShouldBe(6);
    }

    [Fact]
    public async Task An_address_that_keeps_trying_waits_whomever_it_tries()
    {
        using var visitor = _scene.Visitor();
        for (var n = 0; n < 20; n++)
        {
            (await LogInAsync(visitor, $"u{n}@example.org", "x")).ShouldBeProblem(
                HttpStatusCode.Unauthorized,
                "BK8520"
            );
        }

        await _scene.UserAsync("ada@example.org");
        for (var n = 0; n < 3; n++)
        {
            var slow = await LogInAsync(visitor, "ada@example.org", PeopleScene.Password);
            slow.ShouldBeProblem(HttpStatusCode.TooManyRequests, "BK8516");
            slow.Headers.RetryAfter!.Delta.ShouldBe(TimeSpan.FromSeconds(10));
        }

        (await _scene.AuditAsync())
            .Count(static one => one.EndsWith("BK8516", StringComparison.Ordinal))
            .ShouldBe(1, "a flood is written down once");
        _scene.Time.Advance(TimeSpan.FromSeconds(10));
        for (var n = 0; n < 30; n++)
        {
            (await LogInAsync(visitor, "ada@example.org", PeopleScene.Password)).Status.ShouldBe(
                HttpStatusCode.Created,
                "a good one costs nothing"
            );
        }
    }

    [Fact]
    public async Task A_weaker_hash_is_made_anew_with_a_good_password()
    {
        var user = await _scene.UserAsync("ada@example.org");
        await _scene.People.Users.SetPasswordAsync(
            user.Id,
            new PasswordHash(3).Make(PeopleScene.Password),
            false,
            null
        );
        using var visitor = await _scene.LogInAsync("ada@example.org");
        (await _scene.People.Users.FindAsync(user.Id))!.PasswordHash.ShouldStartWith("$pbkdf2-sha512$10$");
        using var again = await _scene.LogInAsync("ada@example.org");
    }

    [Fact]
    public async Task A_second_factor_is_asked_for_and_each_code_is_good_once()
    {
        using var visitor = await _scene.LoggedInAsync("ada@example.org", GroupRole.Viewer);
        (await visitor.PostAsync("/account/two-factor")).ShouldBeProblem(HttpStatusCode.Forbidden, "BK8505");
        await visitor.ConfirmedAsync();
        (await visitor.PutAsync("/account/two-factor", new { code = "123456" })).ShouldBeProblem(
            HttpStatusCode.Conflict,
            "BK8527"
        );
        var offer = (await visitor.PostAsync("/account/two-factor")).Json;
        var secret = Unbase32((string)offer["secret"]!);
        ((string)offer["uri"]!).ShouldStartWith("otpauth://totp/Backup:ada%40example.org?secret=");
        (await visitor.PutAsync("/account/two-factor", new { code = "000000" })).ShouldBeProblem(
            HttpStatusCode.UnprocessableEntity,
            "BK8531"
        );
        using (await _scene.LogInAsync("ada@example.org"))
        {
            // Not confirmed yet: nothing is asked for.
        }

        var on = await visitor.PutAsync("/account/two-factor", new { code = Code() });
        var codes = on.Json["recoveryCodes"]!.AsArray().Select(static one => (string)one!).ToList();
        codes.Distinct().Count().ShouldBe(10);

        using var other = _scene.Visitor();
        var missing = await EnterAsync(null);
        missing.ShouldBeProblem(HttpStatusCode.Unauthorized, "BK8522");
        ((bool)missing.Json["codeNeeded"]!).ShouldBeTrue();
        (await EnterAsync(Code())).ShouldBeProblem(HttpStatusCode.Unauthorized, "BK8523");
        _scene.Time.Advance(TimeSpan.FromSeconds(30));
        (await EnterAsync(Code())).Status.ShouldBe(HttpStatusCode.Created);
        (await EnterAsync(Code())).ShouldBeProblem(HttpStatusCode.Unauthorized, "BK8523");
        (await EnterAsync(codes[3].ToUpperInvariant())).Status.ShouldBe(HttpStatusCode.Created);
        (await EnterAsync(codes[3])).ShouldBeProblem(HttpStatusCode.Unauthorized, "BK8523");
        ((int)(await other.GetAsync("/session")).Json["user"]!["recoveryCodesLeft"]!).ShouldBe(9);

        // It is asked for with the password again too.
        (await other.PostAsync("/session/confirm", new { password = PeopleScene.Password })).ShouldBeProblem(
            HttpStatusCode.Unauthorized,
            "BK8522"
        );
        await other.ConfirmedAsync(codes[4]);
        (await other.DeleteAsync("/account/two-factor")).Status.ShouldBe(HttpStatusCode.NoContent);
        (await EnterAsync(null)).Status.ShouldBe(HttpStatusCode.Created);

        string Code() => Totp.Code(secret, Totp.StepAt(_scene.Time.GetUtcNow()));

        Task<Answer> EnterAsync(string? code) =>
            other.PostAsync(
                "/session",
                new
                {
                    email = "ada@example.org",
                    password = PeopleScene.Password,
                    code,
                }
            );
    }

    [Fact]
    public async Task Wrong_codes_lock_out_as_wrong_passwords_do()
    {
        var user = await _scene.UserAsync("ada@example.org");
        using (var visitor = await _scene.LogInAsync("ada@example.org"))
        {
            await visitor.ConfirmedAsync();
            var secret = Unbase32((string)(await visitor.PostAsync("/account/two-factor")).Json["secret"]!);
            await visitor.PutAsync(
                "/account/two-factor",
                new { code = Totp.Code(secret, Totp.StepAt(_scene.Time.GetUtcNow())) }
            );
        }

        using var thief = _scene.Visitor();
        for (var n = 0; n < 5; n++)
        {
            (await TryAsync()).ShouldBeProblem(HttpStatusCode.Unauthorized, "BK8523");
        }

        (await TryAsync()).ShouldBeProblem(HttpStatusCode.TooManyRequests, "BK8521");
        (await _scene.People.Users.FindAsync(user.Id))!.LockedUntil.ShouldNotBeNull();

        Task<Answer> TryAsync() =>
            thief.PostAsync(
                "/session",
                new
                {
                    email = user.Email,
                    password = PeopleScene.Password,
                    code = "abcdef",
                }
            );
    }

    [Fact]
    public async Task Who_is_disabled_is_let_in_no_more_and_is_out_at_once()
    {
        using var visitor = await _scene.LoggedInAsync("ada@example.org", GroupRole.Viewer);
        var admin = await _scene.UserAsync("root@example.org");
        await _scene.People.Users.SetAdministratorAsync(admin.Id, administrator: true);
        var user = (await _scene.People.Users.FindByEmailAsync("ada@example.org"))!;
        await _scene.People.Users.SetDisabledAsync(user.Id, _scene.Time.GetUtcNow());
        (await visitor.GetAsync("/session")).ShouldBeProblem(HttpStatusCode.Unauthorized, "BK8500");
        (await LogInAsync(visitor, user.Email, PeopleScene.Password)).ShouldBeProblem(
            HttpStatusCode.Forbidden,
            "BK8524"
        );
        (await LogInAsync(visitor, user.Email, "wrong")).ShouldBeProblem(HttpStatusCode.Unauthorized, "BK8520");
    }

    private static Task<Answer> LogInAsync(Visitor visitor, string email, string password) =>
        visitor.PostAsync("/session", new { email, password });

    private static byte[] Unbase32(string text)
    {
        var bits = string.Concat(
            text.Select(static one =>
                Convert.ToString("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".IndexOf(one), 2).PadLeft(5, '0')
            )
        );
        return [.. Enumerable.Range(0, bits.Length / 8).Select(n => Convert.ToByte(bits.Substring(n * 8, 8), 2))];
    }
}
