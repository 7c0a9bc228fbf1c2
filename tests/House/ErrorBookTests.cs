using System.Text.RegularExpressions;
using Backup.Tests.Support;
using Backup.WebUI.Errors;
using Shouldly;
using Xunit;

namespace Backup.Tests.House;

/// <summary>Every numbered error of the sources has its page, in this build as it is served and printed.</summary>
public sealed class ErrorBookTests
{
    [Fact]
    public void EveryNumberHasItsPage()
    {
        var entries = ErrorCatalogue.Entries();
        entries.Count.ShouldBeGreaterThan(400);
        var missing = new List<string>();
        foreach (var number in entries.GroupBy(static one => one.Number))
        {
            var article = ErrorBook.OfThisRelease.Find($"{number.Key}");
            if (
                article is null
                || article.Name != number.First().Name
                || article.Part != number.First().Room
                || article.SaidBy.Length == 0
                || article.Texts.Count != number.Count()
                || article.Texts.Any(static text => text.Message.Length == 0 || text.Hint.Length == 0)
                || article.Transient != number.Any(static one => one.IsTransient)
            )
            {
                missing.Add($"{number.First().Room}.{number.First().Name} ({number.Key})");
            }
        }

        missing.ShouldBeEmpty("docs/errors.md is part of WebUI: write it anew, and build");
        ErrorBook.OfThisRelease.All.Count().ShouldBe(entries.DistinctBy(static one => one.Number).Count());
    }

    [Fact]
    public void WhatIsExplainedFurtherIsAnErrorAndIsFound()
    {
        var headings = File.ReadLines(SourceTree.At("docs", "troubleshooting.md"))
            .Where(static line => line.StartsWith("## ", StringComparison.Ordinal))
            .Select(static line => line[3..].Split(' '))
            .ToList();
        headings.Count.ShouldBeGreaterThan(30);
        foreach (var heading in headings)
        {
            var article = ErrorBook.OfThisRelease.Find(heading[0]).ShouldNotBeNull(heading[0]);
            article.Name.ShouldBe(heading[1]);
            article.Why.ShouldNotBeNull().Length.ShouldBeGreaterThan(80);
        }

        headings.Select(static one => one[0]).ShouldBeInOrder();
    }

    [Fact]
    public void EveryNumberThatADocumentNamesIsThere()
    {
        var unknown =
            from file in Directory
                .EnumerateFiles(SourceTree.At("docs"), "*.md", SearchOption.AllDirectories)
                .Append(SourceTree.At("README.md"))
            from Match match in Regex.Matches(
                File.ReadAllText(file),
                @"\bBK\d{4}\b",
                RegexOptions.None,
                TimeSpan.FromSeconds(5)
            )
            where ErrorBook.OfThisRelease.Find(match.Value) is null
            select $"{Path.GetFileName(file)}: {match.Value}";
        unknown.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("BK9514")]
    [InlineData("bk9514")]
    [InlineData("9514")]
    public void ANumberIsFoundAsPeopleWriteIt(string written) =>
        ErrorBook.OfThisRelease.Find(written)!.Code.ShouldBe("BK9514");

    [Theory]
    [InlineData("")]
    [InlineData("BK")]
    [InlineData("BK0001")]
    [InlineData("-9514")]
    [InlineData("../errors")]
    public void AnythingElseIsNone(string written) => ErrorBook.OfThisRelease.Find(written).ShouldBeNull();
}
