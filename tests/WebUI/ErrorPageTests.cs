using System.Net;
using System.Text.RegularExpressions;
using Backup.WebUI.Errors;
using Shouldly;
using Xunit;

namespace Backup.Tests.WebUI;

public class ErrorPageTests
{
    [Fact]
    public async Task The_type_of_a_problem_is_a_page_that_explains_it()
    {
        await using var scene = await WebScene.StartAsync();
        using var refused = await scene.Http.GetAsync("/api/v1/nothing");
        var type = System
            .Text.Json.JsonDocument.Parse(await refused.Content.ReadAsStringAsync())
            .RootElement.GetProperty("type")
            .GetString()!;
        var (path, anchor) = (type.Split('#')[0], type.Split('#')[1]);

        using var answer = await scene.Http.GetAsync(path);

        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        answer.Content.Headers.ContentType!.MediaType.ShouldBe("text/html");
        var page = await answer.Content.ReadAsStringAsync();
        page.ShouldContain($"<tr id=\"{anchor}\">");
        page.ShouldNotContain("<script");
        var stylesheet = Regex
            .Match(page, "href=\"([^\"]+)\"", RegexOptions.None, TimeSpan.FromSeconds(1))
            .Groups[1]
            .Value;
        using var style = await scene.Http.GetAsync(stylesheet);
        style.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Every_number_has_a_page_of_its_own()
    {
        await using var scene = await WebScene.StartAsync();
        foreach (var number in new[] { "9514", "BK9514" })
        {
            using var answer = await scene.Http.GetAsync($"/docs/errors/{number}");
            answer.StatusCode.ShouldBe(HttpStatusCode.OK);
            var page = await answer.Content.ReadAsStringAsync();
            page.ShouldContain("<h1>BK9514 PortInUse</h1>");
            page.ShouldContain("<h2>What is wrong</h2>");
            page.ShouldContain("<h2>What to do</h2>");
            page.ShouldContain("<code>ss -ltnp</code>");
            page.ShouldNotContain("<script");
        }

        using var unknown = await scene.Http.GetAsync("/docs/errors/1");
        unknown.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        foreach (var article in ErrorBook.OfThisRelease.All)
        {
            var page = ErrorArticlePage.Page(article, "/app.css");
            page.ShouldContain($"<h1>{article.Code} {article.Name}</h1>");
            page.ShouldContain(WebUtility.HtmlEncode(article.Texts[0].Hint));
        }
    }

    [Fact]
    public void A_number_with_several_texts_is_one_anchor_and_what_texts_hold_is_text()
    {
        var page = ErrorPage.Page(
            """
            # Errors

            | code | name | message | what to do |
            |---|---|---|---|
            | BK1 | A | a &lt;script>alert(1)&lt;/script> \| b | "c" & d |
            | BK1 | A | another | way |

            Some *words*.
            """,
            "/assets/1/app.css"
        );

        Regex.Count(page, "id=\"BK1\"").ShouldBe(1);
        page.ShouldContain("<td>a &lt;script&gt;alert(1)&lt;/script&gt; | b</td><td>&quot;c&quot; &amp; d</td>");
        page.ShouldContain("</table>\n<p>Some *words*.</p>");
        page.ShouldNotContain("---");
    }
}
