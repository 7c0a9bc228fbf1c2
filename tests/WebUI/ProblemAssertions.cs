using System.Net;
using Shouldly;

namespace Backup.Tests.WebUI;

internal static class ProblemAssertions
{
    /// <summary>As RFC 9457 has it, with all that ours have.</summary>
    public static void ShouldBeProblem(this Answer answer, HttpStatusCode status, string? code = null)
    {
        answer.Status.ShouldBe(status, answer.ToString());
        answer.MediaType.ShouldBe("application/problem+json", answer.ToString());
        ((int)answer.Json["status"]!).ShouldBe((int)status);
        var given = (string)answer.Json["code"]!;
        given.ShouldMatch("^BK[0-9]{4}$");
        if (code is not null)
        {
            given.ShouldBe(code, answer.ToString());
        }

        ((string)answer.Json["type"]!).ShouldBe($"/docs/errors#{given}");
        foreach (var field in new[] { "title", "detail", "hint", "instance" })
        {
            ((string?)answer.Json[field]).ShouldNotBeNullOrEmpty(field);
        }
    }
}
